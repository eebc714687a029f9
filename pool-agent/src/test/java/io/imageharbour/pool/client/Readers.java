package io.imageharbour.pool.client;

import io.imageharbour.indexer.Digest;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.assertj.core.api.Assertions;

/** Threads that read contents out of the pool until they are closed, and check what they get. */
final class Readers implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final PoolClient client;
  private final List<byte[]> contents;
  private final ExecutorService threads;
  private final AtomicLong hits = new AtomicLong();
  private final AtomicLong misses = new AtomicLong();
  private final AtomicLong failures = new AtomicLong();
  private final Queue<Throwable> surprises = new ConcurrentLinkedQueue<>();
  private volatile boolean closed;

  Readers(PoolClient client, List<byte[]> contents, int threads) {
    this.client = client;
    this.contents = List.copyOf(contents);
    this.threads = Executors.newFixedThreadPool(threads);
    for (int i = 0; i < threads; i++) {
      Random random = new Random(i);
      this.threads.execute(() -> run(random));
    }
  }

  long hits() {
    return hits.get();
  }

  long misses() {
    return misses.get();
  }

  long failures() {
    return failures.get();
  }

  /** Ends the threads; no read may hang, or have ended in another way than a client is told of. */
  @Override
  public void close() throws InterruptedException {
    closed = true;
    threads.shutdown();
    Assertions.assertThat(threads.awaitTermination(PATIENCE.toSeconds(), TimeUnit.SECONDS))
        .as("no read hangs")
        .isTrue();
    Assertions.assertThat(surprises).isEmpty();
  }

  private void run(Random random) {
    while (!closed) {
      byte[] content = contents.get(random.nextInt(contents.size()));
      try {
        Digest digest = Digest.sha256(content);
        boolean there = client.read(digest, content.length, bytes -> take(bytes, digest, content));
        (there ? hits : misses).incrementAndGet();
      } catch (AgentUnavailableException e) {
        failures.incrementAndGet();
      } catch (Throwable e) {
        surprises.add(e);
        return;
      }
    }
  }

  private static boolean take(ByteBuffer bytes, Digest digest, byte[] content) {
    if (!Digest.sha256(bytes.duplicate()).equals(digest)) {
      return false;
    }
    byte[] taken = new byte[bytes.remaining()];
    bytes.get(taken);
    if (!Arrays.equals(taken, content)) {
      throw new AssertionError("bytes changed after they were checked");
    }
    return true;
  }
}
