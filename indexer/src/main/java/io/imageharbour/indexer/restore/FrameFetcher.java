package io.imageharbour.indexer.restore;

import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Frame;
import io.imageharbour.indexer.Pack;
import io.imageharbour.indexer.StoredContents;
import io.imageharbour.indexer.image.CorruptContentException;
import io.imageharbour.indexer.pack.CorruptFrameException;
import io.imageharbour.indexer.pack.FrameDecoder;
import io.imageharbour.indexer.registry.Repository;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Fetches frames in the order in which contents will be wanted, neighbours in a pack with one
 * request, some requests ahead of the reader. Frames are kept for a while, so that one that several
 * contents lie in is mostly fetched once; one that is wanted again later is fetched again.
 *
 * <p>Memory: {@value #AHEAD} requests of {@value #RUN_BYTES} bytes, and twice {@value #KEPT_BYTES}
 * bytes of frames, compressed and inflated. For one thread.
 */
final class FrameFetcher implements AutoCloseable {

  /** How much one request brings, unless a single frame is bigger: 2 MiB. */
  private static final long RUN_BYTES = 2 << 20;

  /** How many requests are under way or have been answered ahead of the reader. */
  private static final int AHEAD = 4;

  /** How much is kept of what was fetched, and of what was inflated: 16 MiB each. */
  private static final long KEPT_BYTES = 16 << 20;

  /** Neighbouring frames of a pack, numbers and all. */
  private record Run(int first, int count, long offset, int length) {}

  private record Fetched(Run run, Future<byte[]> bytes) {}

  private final Repository repository;
  private final StoredContents stored;
  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("restore-fetch-", 0).factory());

  private final Deque<Run> planned = new ArrayDeque<>();
  private final Deque<Fetched> ahead = new ArrayDeque<>();

  /** The frames of the plan that have not been kept yet. */
  private BitSet expected = new BitSet();

  private final KeptFrames compressed = new KeptFrames(KEPT_BYTES);
  private final KeptFrames inflated = new KeptFrames(KEPT_BYTES);

  FrameFetcher(Repository repository, StoredContents stored) {
    this.repository = repository;
    this.stored = stored;
  }

  /** Says which contents will be wanted, in their order; replaces what was said before. */
  void plan(List<Integer> contents) {
    dropPlan();
    Run run = new Run(0, 0, 0, 0);
    for (int content : contents) {
      for (Chunk chunk : stored.contents().get(content).chunks()) {
        if (expected.get(chunk.frame()) || inflated.has(chunk.frame())) {
          continue;
        }
        expected.set(chunk.frame());
        Run longer = extended(run, chunk.frame());
        if (longer.count() > 1 || run.count() == 0) {
          run = longer;
        } else {
          planned.add(run);
          run = longer;
        }
      }
    }
    if (run.count() > 0) {
      planned.add(run);
    }
  }

  /** The inflated frame; not to be changed. Its chunks are still to be verified. */
  byte[] frame(int number) throws IOException {
    byte[] known = inflated.get(number);
    if (known.length > 0) {
      return known;
    }
    Frame frame = stored.frames().get(number);
    try {
      byte[] bytes = FrameDecoder.decode(fetch(number), frame.size());
      inflated.put(number, bytes);
      return bytes;
    } catch (CorruptFrameException e) {
      throw new CorruptContentException(location(number) + " is damaged: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while reading " + location(number));
    }
  }

  /** What to call a frame in messages. */
  String location(int number) {
    Frame frame = stored.frames().get(number);
    return "The frame at "
        + frame.offset()
        + " of pack "
        + stored.packs().get(frame.pack()).digest()
        + " in "
        + repository.name();
  }

  @Override
  public void close() {
    dropPlan();
    threads.close();
  }

  private byte[] fetch(int number) throws IOException, InterruptedException {
    byte[] known = compressed.get(number);
    if (known.length > 0) {
      return known;
    }
    while (expected.get(number)) {
      keep(next());
    }
    known = compressed.get(number);
    if (known.length > 0) {
      return known;
    }
    Frame frame = stored.frames().get(number); // was thrown away, or never planned
    return read(new Run(number, 1, frame.offset(), frame.compressedSize()));
  }

  private Fetched next() {
    fill();
    return ahead.remove();
  }

  private void fill() {
    while (ahead.size() < AHEAD && !planned.isEmpty()) {
      Run run = planned.remove();
      ahead.add(new Fetched(run, threads.submit(() -> read(run))));
    }
  }

  private void keep(Fetched fetched) throws IOException, InterruptedException {
    byte[] bytes = await(fetched.bytes());
    fill();
    Run run = fetched.run();
    expected.clear(run.first(), run.first() + run.count());
    for (int number = run.first(); number < run.first() + run.count(); number++) {
      Frame frame = stored.frames().get(number);
      int from = (int) (frame.offset() - run.offset());
      compressed.put(number, Arrays.copyOfRange(bytes, from, from + frame.compressedSize()));
    }
  }

  private byte[] read(Run run) throws IOException, InterruptedException {
    Pack pack = stored.packs().get(stored.frames().get(run.first()).pack());
    return repository.readBlob(pack.digest(), pack.size(), run.offset(), run.length());
  }

  private static byte[] await(Future<byte[]> bytes) throws IOException, InterruptedException {
    try {
      return bytes.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException failure -> throw failure;
        case InterruptedException failure -> throw failure;
        case RuntimeException failure -> throw failure;
        case Error failure -> throw failure;
        case null, default -> throw new IOException(e);
      }
    }
  }

  /** The run with one more frame, or a run of this frame alone. */
  private Run extended(Run run, int number) {
    Frame frame = stored.frames().get(number);
    long length = run.length() + (long) frame.compressedSize();
    if (run.count() > 0
        && number == run.first() + run.count()
        && frame.pack() == stored.frames().get(run.first()).pack()
        && frame.offset() == run.offset() + run.length()
        && length <= RUN_BYTES) {
      return new Run(run.first(), run.count() + 1, run.offset(), (int) length);
    }
    return new Run(number, 1, frame.offset(), frame.compressedSize());
  }

  private void dropPlan() {
    planned.clear();
    expected = new BitSet();
    List<Fetched> dropped = new ArrayList<>(ahead);
    ahead.clear();
    dropped.forEach(fetched -> fetched.bytes().cancel(true));
  }
}
