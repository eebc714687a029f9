package io.imageharbour.testbed.bench.pool;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.pool.client.ContentTaker;
import io.imageharbour.pool.client.PoolClient;
import io.imageharbour.testbed.bench.pool.ReadFigures.Kind;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Reads as harbourd reads, through the pool's client, one at a time. */
final class ClientReads implements AutoCloseable {

  private static final ContentTaker TAKES_ALL = bytes -> true;
  private static final ContentTaker REFUSES_ALL = bytes -> false;

  private final PoolClient pool;

  /** Takes the client over, which has read nothing. */
  ClientReads(PoolClient pool) {
    this.pool = pool;
  }

  /** Reads all contents once; none has been read before, so that each is looked up. */
  ReadFigures lookUp(Kind kind, Contents contents) throws IOException, InterruptedException {
    boolean hash = kind == Kind.LOOKED_UP_AND_HASHED;
    Timings timings = new Timings(contents.digests().size());
    SplittableRandom random = new SplittableRandom(2);
    int[] order = random.ints(contents.digests().size(), 0, 1 << 30).toArray();
    List<Digest> digests = shuffled(contents.digests(), order);
    long begin = System.nanoTime();
    for (Digest digest : digests) {
      ContentTaker taker = hash ? bytes -> Digest.sha256(bytes).equals(digest) : TAKES_ALL;
      long start = System.nanoTime();
      boolean taken = pool.read(digest, contents.size(), taker);
      timings.add(System.nanoTime() - start);
      requireThat(taken, contents);
    }
    return timings.figures(kind, contents.size(), 1, System.nanoTime() - begin);
  }

  /** Reads contents that have all been read before. */
  ReadFigures readKnown(Contents contents) throws IOException, InterruptedException {
    Timings timings = new Timings(contents.reads());
    SplittableRandom random = new SplittableRandom(3);
    List<Digest> digests = contents.digests();
    long begin = System.nanoTime();
    for (int i = 0; i < timings.capacity(); i++) {
      Digest digest = digests.get(random.nextInt(digests.size()));
      long start = System.nanoTime();
      boolean taken = pool.read(digest, contents.size(), TAKES_ALL);
      timings.add(System.nanoTime() - start);
      requireThat(taken, contents);
    }
    return timings.figures(Kind.KNOWN, contents.size(), 1, System.nanoTime() - begin);
  }

  /** Reads each content, but acts as if it were a wrong one, so that no address is remembered. */
  void touch(Contents contents) throws IOException, InterruptedException {
    for (Digest digest : contents.digests()) {
      boolean unused = pool.read(digest, contents.size(), REFUSES_ALL);
    }
  }

  @Override
  public void close() {
    pool.close();
  }

  private static List<Digest> shuffled(List<Digest> digests, int[] order) {
    return IntStream.range(0, order.length)
        .boxed()
        .sorted(Comparator.comparingInt(i -> order[i]))
        .map(digests::get)
        .toList();
  }

  private static void requireThat(boolean taken, Contents contents) throws HarbourException {
    if (!taken) {
      throw new HarbourException(
          "the pool has lost a content of %d bytes".formatted(contents.size()));
    }
  }
}
