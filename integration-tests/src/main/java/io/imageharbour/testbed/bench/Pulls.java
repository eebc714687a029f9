package io.imageharbour.testbed.bench;

import io.imageharbour.testbed.ContainerdServer;
import io.imageharbour.testbed.Ctr;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.PageCache;
import io.imageharbour.testbed.Quantity;
import io.imageharbour.testbed.Snapshotter;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Pulls an image of 100,000 small files on a machine that has nothing of it. */
record Pulls(String name, String title) implements Benchmark {

  @Override
  public List<Measurement> run(BenchmarkImages images, int runs)
      throws IOException, InterruptedException {
    BenchmarkImages.Pair pair = images.pair(BenchmarkImages.MANY_FILES);
    String original = images.registry().reference(pair.original());
    String converted = images.registry().reference(pair.converted());
    Measurement pull = Measurement.of(name, "pull", Quantity.SECONDS);
    Measurement memory = Measurement.of(name, "harbourd, resident after it", Quantity.BYTES);
    try {
      for (int run = 0; run < runs; run++) {
        try (ContainerdServer containerd =
            ContainerdServer.start(images.workspace(), "o" + run, Optional.empty())) {
          pull.baseline().add(seconds(containerd.ctr(), Snapshotter.OVERLAYFS, original));
        }
        try (Node node = Node.start(images.workspace(), images.tree(), "n" + run, List.of())) {
          pull.harbour().add(seconds(node.ctr(), Snapshotter.HARBOUR, converted));
          memory.harbour().add(node.harbourd().process().residentBytes());
        }
      }
    } finally {
      for (int run = 0; run < runs; run++) {
        images.workspace().removeDirectory("o" + run);
        Node.remove(images.workspace(), "n" + run);
      }
    }
    return List.of(pull, memory);
  }

  private static double seconds(Ctr ctr, Snapshotter snapshotter, String image)
      throws IOException, InterruptedException {
    PageCache.drop();
    long start = System.nanoTime();
    ctr.pull(snapshotter, image);
    return (System.nanoTime() - start) / 1e9;
  }
}
