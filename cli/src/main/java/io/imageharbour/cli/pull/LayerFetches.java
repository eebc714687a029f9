package io.imageharbour.cli.pull;

import io.imageharbour.cli.progress.Progress;
import io.imageharbour.cli.progress.Progress.Stage;
import io.imageharbour.cli.progress.Progress.Unit;
import io.imageharbour.indexer.registry.Repository;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Brings layers from the registry into the content store: none before the first one is wanted, then
 * that one and those above it, a few at a time, while the layers below are unpacked. For one
 * thread, which closes it; that ends what is under way.
 */
final class LayerFetches implements AutoCloseable {

  /** Fetches at a time, as containerd's own clients have it. */
  private static final int PARALLEL = 3;

  private final Repository repository;
  private final ContentStore content;
  private final List<Layer> layers;
  private final ExecutorService threads =
      Executors.newFixedThreadPool(PARALLEL, Thread.ofVirtual().name("fetch-layer-", 0).factory());
  private final BlockingQueue<Stage> stages = new ArrayBlockingQueue<>(PARALLEL);
  private final List<Future<?>> fetches = new ArrayList<>();
  private int first;
  private final AtomicInteger fetched = new AtomicInteger();
  private final AtomicLong bytes = new AtomicLong();

  LayerFetches(Repository repository, ContentStore content, List<Layer> layers, Progress progress) {
    this.repository = repository;
    this.content = content;
    this.layers = layers;
    for (int i = 0; i < PARALLEL; i++) {
      stages.add(progress.stage(Unit.BYTES));
    }
  }

  /**
   * Returns as soon as a layer is in the content store.
   *
   * @param position of the layer, counted from the bottom; not below one that was asked for before
   */
  void await(int position) throws IOException, InterruptedException {
    if (fetches.isEmpty()) {
      first = position;
      for (int i = position; i < layers.size(); i++) {
        int layer = i;
        fetches.add(
            threads.submit(
                () -> {
                  fetch(layer);
                  return null;
                }));
      }
    }
    try {
      var _ = fetches.get(position - first).get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException failure -> throw failure;
        case InterruptedException interrupted -> throw interrupted;
        case null, default -> throw new IllegalStateException(e.getCause());
      }
    }
  }

  /** How many layers came from the registry. */
  int fetched() {
    return fetched.get();
  }

  /** Their bytes. */
  long bytes() {
    return bytes.get();
  }

  @Override
  public void close() {
    threads.shutdownNow();
    threads.close();
  }

  private void fetch(int position) throws IOException, InterruptedException {
    LayerSource source = new LayerSource(position, stages.take());
    try {
      content.write(source.blob, Map.of(), source);
      if (source.opened) {
        source.stage.finish();
        fetched.incrementAndGet();
        bytes.addAndGet(source.blob.size());
      }
    } finally {
      stages.add(source.stage);
    }
  }

  /** A layer in the registry. */
  private final class LayerSource implements ContentStore.Source {

    private final int position;
    private final Blob blob;
    private final Stage stage;
    private boolean opened;

    LayerSource(int position, Stage stage) {
      this.position = position;
      this.blob = Blob.of(layers.get(position).descriptor());
      this.stage = stage;
    }

    @Override
    public InputStream open() throws IOException, InterruptedException {
      opened = true;
      stage.start("layer " + (position + 1) + "/" + layers.size(), blob.size());
      return new Counted(repository.openBlob(blob.digest(), blob.size()), stage);
    }
  }

  /** Tells the progress of what is read in whole pieces. */
  private static final class Counted extends FilterInputStream {

    private final Stage stage;

    Counted(InputStream in, Stage stage) {
      super(in);
      this.stage = stage;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int count = super.read(target, offset, length);
      if (count > 0) {
        stage.advance(count);
      }
      return count;
    }
  }
}
