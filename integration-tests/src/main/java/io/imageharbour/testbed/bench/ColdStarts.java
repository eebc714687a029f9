package io.imageharbour.testbed.bench;

import io.imageharbour.indexer.HarbourException;
import io.imageharbour.testbed.ColdStart;
import io.imageharbour.testbed.ContainerdServer;
import io.imageharbour.testbed.Ctr;
import io.imageharbour.testbed.Network;
import io.imageharbour.testbed.NetworkNamespace;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.Quantity;
import io.imageharbour.testbed.Rate;
import io.imageharbour.testbed.RegistryServer;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.Workspace;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Starts Python with numpy on a machine that has nothing of it. Every trial has daemons of its own
 * with empty directories, and drops the kernel's caches; the two snapshotters take turns.
 *
 * <p>What a trial leaves is removed after the last one: ext4 does not use the inode of a deleted
 * file again for five seconds, and looking for another one makes every new file slow meanwhile.
 */
record ColdStarts(String name, String title, Optional<Rate> rate) implements Benchmark {

  private static final List<String> COMMAND =
      List.of("python3", "-c", "import numpy; print(numpy.arange(3).sum())");

  @Override
  public List<Measurement> run(BenchmarkImages images, int runs)
      throws IOException, InterruptedException {
    BenchmarkImages.Pair pair = images.pair(BenchmarkImages.PYTHON);
    if (rate.isEmpty()) {
      return measure(images, images.registry(), pair, runs);
    }
    try (NetworkNamespace namespace = NetworkNamespace.create(images.workspace(), "b")) {
      namespace.limit(rate.get());
      try (RegistryServer registry = images.registryIn(Network.in(namespace), "r-" + name)) {
        return measure(images, registry, pair, runs);
      }
    }
  }

  private List<Measurement> measure(
      BenchmarkImages images, RegistryServer registry, BenchmarkImages.Pair pair, int runs)
      throws IOException, InterruptedException {
    Measurement pull = Measurement.of(name, "pull", Quantity.SECONDS);
    Measurement output = Measurement.of(name, "time to first output", Quantity.SECONDS);
    Measurement bytes = Measurement.of(name, "bytes fetched", Quantity.BYTES);
    Measurement memory = Measurement.of(name, "harbourd, resident after it", Quantity.BYTES);
    try {
      for (int run = 0; run < runs; run++) {
        ColdStart overlayfs = overlayfs(images.workspace(), registry, pair.original(), run);
        pull.baseline().add(overlayfs.pull().toNanos() / 1e9);
        output.baseline().add(overlayfs.firstOutput().toNanos() / 1e9);
        bytes.baseline().add(overlayfs.bytes());

        try (Node node =
            Node.start(images.workspace(), images.tree(), "n" + run, List.of(registry.host()))) {
          ColdStart harbour = measured(node.ctr(), Snapshotter.HARBOUR, registry, pair.converted());
          memory.harbour().add(node.harbourd().process().residentBytes());
          pull.harbour().add(harbour.pull().toNanos() / 1e9);
          output.harbour().add(harbour.firstOutput().toNanos() / 1e9);
          bytes.harbour().add(harbour.bytes());
          refuseUnlessLazy(overlayfs, harbour);
        }
      }
    } finally {
      for (int run = 0; run < runs; run++) {
        images.workspace().removeDirectory("o" + run);
        Node.remove(images.workspace(), "n" + run);
      }
    }
    return List.of(pull, output, bytes, memory);
  }

  private static ColdStart overlayfs(
      Workspace workspace, RegistryServer registry, String image, int run)
      throws IOException, InterruptedException {
    try (ContainerdServer containerd =
        ContainerdServer.start(workspace, "o" + run, Optional.empty())) {
      return measured(containerd.ctr(), Snapshotter.OVERLAYFS, registry, image);
    }
  }

  private static ColdStart measured(
      Ctr ctr, Snapshotter snapshotter, RegistryServer registry, String image)
      throws IOException, InterruptedException {
    return ColdStart.measure(
        ctr, snapshotter, registry, new ColdStart.Subject(registry.reference(image), COMMAND));
  }

  /** From outside, a start that fetched everything first looks like one that did not. */
  private static void refuseUnlessLazy(ColdStart whole, ColdStart lazy) throws HarbourException {
    if (lazy.bytes() * 2 > whole.bytes()) {
      throw new HarbourException(
          "harbour fetched %s of the %s of the whole image: that was no lazy start"
              .formatted(Quantity.BYTES.show(lazy.bytes()), Quantity.BYTES.show(whole.bytes())));
    }
  }
}
