package io.imageharbour.indexer.pack;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import io.imageharbour.indexer.Frame;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.Pack;
import io.imageharbour.indexer.pack.PackDestination.NewPack;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * Compresses frames on several threads and appends them to packs in the order in which they were
 * submitted, on one. Submitting and closing are for one thread.
 */
final class FramePipeline implements AutoCloseable {

  /** How many uncompressed bytes may be compressing or waiting for the upload: 32 MiB. */
  static final int MAX_IN_FLIGHT = 32 << 20;

  private final PackDestination destination;
  private final long maxPack;
  private final ExecutorService compressors;
  private final BlockingQueue<ZstdCompressCtx> contexts = new LinkedBlockingQueue<>();
  private final Semaphore inFlight;

  /** Bounded by {@link #inFlight}, for every frame in it holds permits. */
  private final BlockingQueue<Step> steps = new LinkedBlockingQueue<>();

  private final Thread uploader;
  private volatile @Nullable Throwable failure;

  // of the uploading thread
  private @Nullable NewPack upload;
  private long position;
  private final List<PlacedFrame> unfinished = new ArrayList<>();
  private List<Pack> finished = new ArrayList<>();

  private sealed interface Step {
    record Append(PackedFrame frame, Future<byte[]> compressed, int permits) implements Step {}

    record Finish(CompletableFuture<List<Pack>> packs) implements Step {}
  }

  private record PlacedFrame(PackedFrame frame, long offset, int compressedSize) {}

  FramePipeline(PackDestination destination, long maxPack, int level, int jobs) {
    this.destination = destination;
    this.maxPack = maxPack;
    // room for the largest frame that is possible, and with several threads for two
    this.inFlight = new Semaphore(jobs == 1 ? Frame.MAX_SIZE : MAX_IN_FLIGHT);
    this.compressors =
        Executors.newFixedThreadPool(
            jobs, Thread.ofPlatform().name("pack-compress-", 1).daemon().factory());
    for (int i = 0; i < jobs; i++) {
      contexts.add(new ZstdCompressCtx().setLevel(level).setContentSize(true).setChecksum(false));
    }
    this.uploader = Thread.ofVirtual().name("pack-upload").start(this::upload);
  }

  /**
   * Takes a frame's content, which is not to be changed from now on; waits while there is too much
   * in flight.
   *
   * @throws IOException if an earlier frame could not be written
   */
  void submit(PackedFrame frame, byte[] content, int size)
      throws IOException, InterruptedException {
    throwFailure();
    frame.setSize(size);
    inFlight.acquire(size);
    Future<byte[]> compressed = compressors.submit(() -> compress(content, size));
    steps.add(new Step.Append(frame, compressed, size));
  }

  /** Waits until everything submitted is in complete packs, and says which are new. */
  List<Pack> finishPack() throws IOException, InterruptedException {
    CompletableFuture<List<Pack>> packs = new CompletableFuture<>();
    steps.add(new Step.Finish(packs));
    try {
      return packs.get();
    } catch (ExecutionException e) {
      throwFailure();
      throw new AssertionError("a failure that was not kept", e);
    }
  }

  /** Cancels what is unfinished. Returns when no thread is left. */
  @Override
  public void close() {
    compressors.shutdownNow();
    uploader.interrupt();
    boolean interrupted = false;
    while (uploader.isAlive()) {
      try {
        uploader.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    compressors.close();
    contexts.forEach(ZstdCompressCtx::close);
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private byte[] compress(byte[] content, int size) throws InterruptedException {
    ZstdCompressCtx context = contexts.take();
    try {
      byte[] compressed = new byte[(int) Zstd.compressBound(size)];
      int length = context.compressByteArray(compressed, 0, compressed.length, content, 0, size);
      return Arrays.copyOf(compressed, length);
    } finally {
      contexts.add(context);
    }
  }

  private void upload() {
    try {
      while (true) {
        switch (steps.take()) {
          case Step.Append append -> {
            append(append);
            inFlight.release(append.permits());
          }
          case Step.Finish finish -> finish(finish);
        }
      }
    } catch (InterruptedException e) {
      cancel(); // closed
    }
  }

  /** After a failure frames are only taken off the queue, so that the submitter never hangs. */
  private void append(Step.Append append) throws InterruptedException {
    if (failure != null) {
      return;
    }
    try {
      byte[] compressed = append.compressed().get();
      if (position + compressed.length > maxPack) {
        commit();
      }
      if (upload == null) {
        upload = destination.begin();
      }
      upload.write(compressed, 0, compressed.length);
      unfinished.add(new PlacedFrame(append.frame(), position, compressed.length));
      position += compressed.length;
    } catch (ExecutionException e) {
      fail(e.getCause() == null ? e : e.getCause());
    } catch (IOException | RuntimeException | Error e) {
      fail(e);
    }
  }

  private void finish(Step.Finish finish) throws InterruptedException {
    try {
      if (failure == null) {
        commit();
      }
    } catch (IOException | RuntimeException | Error e) {
      fail(e);
    }
    if (failure == null) {
      finish.packs().complete(finished);
      finished = new ArrayList<>();
    } else {
      finish.packs().completeExceptionally(failure);
    }
  }

  private void commit() throws IOException, InterruptedException {
    if (upload == null) {
      return;
    }
    Pack pack = upload.commit();
    upload.close();
    upload = null;
    unfinished.forEach(
        placed -> placed.frame().place(pack, placed.offset(), placed.compressedSize()));
    unfinished.clear();
    finished.add(pack);
    position = 0;
  }

  private void fail(Throwable cause) {
    failure = cause;
    cancel();
  }

  private void cancel() {
    if (upload != null) {
      upload.close();
      upload = null;
    }
  }

  private void throwFailure() throws IOException {
    switch (failure) {
      case null -> {}
      case IOException e -> throw e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      case Throwable e -> throw new HarbourException("Packs can't be written: " + e, e);
    }
  }
}
