package io.imageharbour.pool.load;

import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.Pack;
import io.imageharbour.indexer.image.CorruptContentException;
import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.pack.CorruptFrameException;
import io.imageharbour.indexer.pack.FrameDecoder;
import io.imageharbour.indexer.registry.BlobRange;
import io.imageharbour.pool.client.PoolClient;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.function.LongConsumer;

/**
 * Brings chunks of an index image from its registry into the pool: fetches each frame that holds
 * one of them once, some at a time, and hands the chunks over after their digests were checked.
 * Memory holds at most 64 MiB of frames, besides what the pool's client has under way. For one
 * thread at a time.
 */
public final class ImageLoader {

  private static final int PARALLEL = 4;

  /** Four times the largest frame that a converter of Harbour makes is far below this. */
  private static final int MAX_MEMORY_KIB = 64 << 10;

  private final PoolClient pool;
  private final LongConsumer listener;
  private final Object telling = new Object();
  private final Semaphore memory = new Semaphore(MAX_MEMORY_KIB, /* fair= */ true);

  /**
   * A loader.
   *
   * @param pool stays the caller's to close
   * @param listener hears of bytes of packs that were fetched and handed over, from one thread at a
   *     time
   */
  public ImageLoader(PoolClient pool, LongConsumer listener) {
    this.pool = pool;
    this.listener = listener;
  }

  /** Bytes of packs that have to be fetched for these chunks, in the order of their frames. */
  public static long bytesToFetch(IndexImage image, List<Chunk> chunks) {
    return FrameRun.of(image.index(), chunks).stream().mapToLong(FrameRun::compressedBytes).sum();
  }

  /**
   * Hands chunks over to the pool's client, which may still be bringing the last of them when this
   * returns.
   *
   * @param chunks of the image, in the order of their frames
   * @throws CorruptContentException if a pack is damaged
   * @throws IOException if the registry can't be read
   */
  public void load(IndexImage image, List<Chunk> chunks) throws IOException, InterruptedException {
    ExecutorService fetchers =
        Executors.newFixedThreadPool(PARALLEL, Thread.ofVirtual().name("load-", 1).factory());
    try {
      List<Future<?>> runs = new ArrayList<>();
      for (FrameRun run : FrameRun.of(image.index(), chunks)) {
        runs.add(
            fetchers.submit(
                () -> {
                  fetch(image, run);
                  return run;
                }));
      }
      for (Future<?> run : runs) {
        await(run);
      }
    } finally {
      fetchers.shutdownNow();
      fetchers.close();
    }
  }

  private static void await(Future<?> run) throws IOException, InterruptedException {
    try {
      run.get();
    } catch (ExecutionException e) {
      switch (Objects.requireNonNull(e.getCause())) {
        case IOException failure -> throw failure;
        case InterruptedException failure -> throw failure;
        case RuntimeException failure -> throw failure;
        case Error failure -> throw failure;
        default -> throw new AssertionError("nothing else is thrown there", e);
      }
    }
  }

  private void fetch(IndexImage image, FrameRun run) throws IOException, InterruptedException {
    int kib = Math.min(MAX_MEMORY_KIB, run.memoryKib());
    memory.acquire(kib);
    try {
      int next = 0;
      while (next < run.frames().size()) {
        next = fetch(image, run, next);
      }
    } finally {
      memory.release(kib);
    }
  }

  /**
   * Fetches frames until the connection breaks, or the registry does not bring more with one
   * request.
   *
   * @return the frame to go on with
   * @throws IOException if not even one came
   */
  private int fetch(IndexImage image, FrameRun run, int from)
      throws IOException, InterruptedException {
    Pack pack = image.index().packs().get(run.pack());
    FrameRun.Wanted first = run.frames().get(from);
    long begin = first.frame().offset();
    long length = run.frames().getLast().end() - begin;
    int next = from;
    try (BlobRange range =
        image
            .repository()
            .openBlobRange(
                pack.digest(), pack.size(), begin, length, first.frame().compressedSize())) {
      handOver(pack, first, range.first());
      for (next++; next < run.frames().size(); next++) {
        FrameRun.Wanted wanted = run.frames().get(next);
        int gap = Math.toIntExact(wanted.frame().offset() - run.frames().get(next - 1).end());
        if (gap > 0 && range.next(gap).isEmpty()) {
          break;
        }
        Optional<byte[]> compressed = range.next(wanted.frame().compressedSize());
        if (compressed.isEmpty()) {
          break;
        }
        handOver(pack, wanted, compressed.get());
      }
    } catch (IOException e) {
      // what came until the connection broke is not fetched again; only no progress is a failure
      if (next == from) {
        throw e;
      }
    }
    return next;
  }

  private void handOver(Pack pack, FrameRun.Wanted wanted, byte[] compressed)
      throws IOException, InterruptedException {
    byte[] frame;
    try {
      frame = FrameDecoder.decode(compressed, wanted.frame().size());
    } catch (CorruptFrameException e) {
      throw new CorruptContentException(place(pack, wanted) + " is damaged: " + e.getMessage(), e);
    }
    for (Chunk chunk : wanted.chunks()) {
      ByteBuffer bytes = ByteBuffer.wrap(frame, chunk.offset(), chunk.size());
      if (!Digest.sha256(bytes.duplicate()).equals(chunk.digest())) {
        throw new CorruptContentException(
            place(pack, wanted)
                + " does not hold the chunk "
                + chunk.digest()
                + " that the index says it holds; convert the image again");
      }
      pool.put(chunk.digest(), bytes);
    }
    synchronized (telling) {
      listener.accept(compressed.length);
    }
  }

  private static String place(Pack pack, FrameRun.Wanted wanted) {
    return "The frame at " + wanted.frame().offset() + " of pack " + pack.digest();
  }
}
