package io.imageharbour.fusefs;

import io.imageharbour.indexer.FileContent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Measures how long it takes to open a file of 16 KiB and read it, with a source in memory: a main
 * program, run by hand. Prints microseconds: the best, the 10th, 50th and 99th percentile.
 */
public final class OpenLatency {

  private static final int FILES = 4000;

  private OpenLatency() {}

  public static void main(String[] args) throws Exception {
    Path root = Path.of(args[0]);
    for (boolean passthrough : new boolean[] {true, false}) {
      FakeImage image = new FakeImage("latency" + passthrough);
      List<FileContent> contents = new ArrayList<>();
      for (int i = 0; i < FILES; i++) {
        contents.addAll(image.addFrame(FakeImage.bytes(i + (passthrough ? 0 : FILES), 16 << 10)));
      }
      // in an order that no readahead guesses
      java.util.Collections.shuffle(contents, new java.util.Random(1));
      try (TestStore store =
          TestStore.open(
                  root.resolve("" + passthrough),
                  config -> config.withPassthrough(passthrough),
                  new FakeSource("memory").with(image))
              .add("app", image)) {
        System.out.println("passthrough=" + store.store.stats().passthrough());
        measure("cold: fetch, verify, store, open, read", contents, store::mounted);
        measure("again through the content mount", contents, store::mounted);
        measure("directly in the CAS", contents, store::cached);
      }
    }
  }

  private interface Locator {
    Path locate(io.imageharbour.indexer.Digest digest);
  }

  private static void measure(String what, List<FileContent> contents, Locator locator)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(16 << 10);
    long[] nanos = new long[contents.size()];
    for (int i = 0; i < nanos.length; i++) {
      Path file = locator.locate(contents.get(i).digest());
      long begin = System.nanoTime();
      try (FileChannel channel = FileChannel.open(file)) {
        channel.read(buffer.clear());
      }
      nanos[i] = System.nanoTime() - begin;
    }
    long[] warm = Arrays.copyOfRange(nanos, nanos.length / 2, nanos.length);
    Arrays.sort(warm);
    System.out.printf(
        "%-45s %6d %6d %6d %6d%n",
        what,
        warm[0] / 1000,
        warm[warm.length / 10] / 1000,
        warm[warm.length / 2] / 1000,
        warm[warm.length * 99 / 100] / 1000);
    Files.exists(Path.of("/"));
  }
}
