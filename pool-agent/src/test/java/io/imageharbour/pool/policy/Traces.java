package io.imageharbour.pool.policy;

import io.imageharbour.pool.policy.PolicySimulation.Read;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Reads as they might come; the same ones every time. */
final class Traces {

  private Traces() {}

  /** Keys whose popularity falls with their rank, and lengths as in images. */
  static List<Read<Integer>> zipf(int keys, double exponent, int reads) {
    SplittableRandom random = new SplittableRandom(1);
    Zipf zipf = new Zipf(keys, exponent);
    List<Read<Integer>> trace = new ArrayList<>();
    for (int i = 0; i < reads; i++) {
      trace.add(read(zipf.next(random)));
    }
    return trace;
  }

  /** The same, but that every so often very many keys are read once and never again. */
  static List<Read<Integer>> zipfWithScans(int keys, int reads, int scanEvery, int scanLength) {
    List<Read<Integer>> trace = new ArrayList<>();
    int unseen = keys;
    for (Read<Integer> read : zipf(keys, 0.9, reads)) {
      trace.add(read);
      if (trace.size() % (scanEvery + scanLength) == scanEvery) {
        for (int i = 0; i < scanLength; i++) {
          trace.add(read(unseen++));
        }
      }
    }
    return trace;
  }

  /**
   * Starts of containers: all files of an image one after the other, half of them from one of
   * twenty base images. A few images are popular.
   */
  static List<Read<Integer>> images(int images, int filesOfImage, int starts) {
    SplittableRandom random = new SplittableRandom(2);
    Zipf zipf = new Zipf(images, 0.9);
    List<Read<Integer>> trace = new ArrayList<>();
    for (int i = 0; i < starts; i++) {
      int image = zipf.next(random);
      int base = images + image % 20;
      for (int file = 0; file < filesOfImage / 2; file++) {
        trace.add(read(base * filesOfImage + file));
        trace.add(read(image * filesOfImage + file));
      }
    }
    return trace;
  }

  /** The weight of all keys of a trace together, in bytes. */
  static long footprint(List<Read<Integer>> trace) {
    return trace.stream().distinct().mapToLong(Read::weight).sum();
  }

  /** A key has the same length each time: most are short, and most bytes are in the long ones. */
  private static Read<Integer> read(int key) {
    SplittableRandom random = new SplittableRandom(key);
    double kind = random.nextDouble();
    if (kind < 0.05) {
      return new Read<>(key, 256 << 10);
    }
    double least = kind < 0.15 ? 16 << 10 : 200;
    double most = kind < 0.15 ? 1 << 20 : 16 << 10;
    return new Read<>(key, (long) (least * Math.pow(most / least, random.nextDouble())));
  }

  /** Draws a number below a count; the first is the likeliest. */
  static final class Zipf {

    private final double[] upTo;

    Zipf(int count, double exponent) {
      upTo = new double[count];
      double sum = 0;
      for (int i = 0; i < count; i++) {
        sum += 1 / Math.pow(i + 1, exponent);
        upTo[i] = sum;
      }
    }

    int next(SplittableRandom random) {
      int found = Arrays.binarySearch(upTo, random.nextDouble() * upTo[upTo.length - 1]);
      return Math.min(upTo.length - 1, found < 0 ? -found - 1 : found);
    }
  }
}
