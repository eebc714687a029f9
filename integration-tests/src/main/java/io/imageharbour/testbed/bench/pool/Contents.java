package io.imageharbour.testbed.bench.pool;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.pool.client.PoolClient;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Contents of one size that the pool has, in the order in which they were stored.
 *
 * @param size in bytes
 */
record Contents(int size, List<Digest> digests) {

  /** The client remembers the addresses of twice as many. */
  private static final int MOST = 8192;

  private static final int FEWEST = 24;

  /** So many bytes may wait in the client; what is above is dropped. */
  private static final long BATCH = 8 << 20;

  private static final int BATCH_CONTENTS = 2048;

  private static final Duration PATIENCE = Duration.ofMinutes(5);

  Contents {
    digests = List.copyOf(digests);
  }

  /**
   * Makes contents, the same each time, and brings them to the pool.
   *
   * @param size 2 bytes or more
   * @param bytes about so many in all
   * @throws HarbourException if that takes too long
   */
  static Contents fill(PoolClient pool, int size, long bytes)
      throws IOException, InterruptedException {
    int count = Math.toIntExact(Math.clamp(bytes / size, FEWEST, MOST));
    SplittableRandom random = new SplittableRandom(size);
    List<Digest> digests = new ArrayList<>(count);
    byte[] content = new byte[size];
    long offered = 0;
    for (int i = 0; i < count; i++) {
      random.nextBytes(content);
      // two bytes are few
      content[0] = (byte) i;
      content[1] = (byte) (i >> 8);
      Digest digest = Digest.sha256(content);
      pool.offer(digest, ByteBuffer.wrap(content));
      digests.add(digest);
      offered += size;
      if (offered >= BATCH || i % BATCH_CONTENTS == 0 || i == count - 1) {
        if (!pool.awaitOffers(PATIENCE)) {
          throw new HarbourException("the pool takes longer than five minutes for 8 MiB");
        }
        offered = 0;
      }
    }
    return new Contents(size, digests);
  }

  /**
   * Those that the pool still has: later ones may have needed the same bucket of its table.
   *
   * @throws HarbourException if those are few
   */
  Contents stillIn(PoolClient pool) throws IOException, InterruptedException {
    List<Digest> there = new ArrayList<>();
    for (Digest digest : digests) {
      if (pool.read(digest, size, bytes -> Digest.sha256(bytes).equals(digest))) {
        there.add(digest);
      }
    }
    if (there.size() < digests.size() * 9 / 10) {
      throw new HarbourException(
          "the pool has kept %d of %d contents of %d bytes"
              .formatted(there.size(), digests.size(), size));
    }
    return new Contents(size, there);
  }

  /** How many bytes all have together. */
  long bytes() {
    return (long) size * digests.size();
  }

  /** How many reads a figure is taken from. */
  int reads() {
    return (int) Math.clamp(2 * bytes() / size, 64, MOST);
  }
}
