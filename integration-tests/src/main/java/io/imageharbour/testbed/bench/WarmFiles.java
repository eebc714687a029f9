package io.imageharbour.testbed.bench;

import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.PageCache;
import io.imageharbour.testbed.Quantity;
import io.imageharbour.testbed.RegistryAccess;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.TreeKind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Works on the mounted trees of images whose contents have all been read once. The two snapshotters
 * take turns; what is measured runs in programs of the system.
 */
record WarmFiles(String name, String title) implements Benchmark {

  @Override
  public List<Measurement> run(BenchmarkImages images, int runs)
      throws IOException, InterruptedException {
    Measurement again =
        Measurement.of(name, "read all files again, where they were fetched", Quantity.SECONDS);
    Measurement read = Measurement.of(name, "read all files", Quantity.SECONDS);
    Measurement readDropped = Measurement.of(name, "read all files, from disk", Quantity.SECONDS);
    Measurement walk = Measurement.of(name, "walk the tree", Quantity.SECONDS);
    Measurement walkDropped = Measurement.of(name, "walk the tree, from disk", Quantity.SECONDS);
    Measurement big = Measurement.of(name, "read a big file", Quantity.SECONDS);
    Measurement memory = Measurement.of(name, "harbourd, resident after it", Quantity.BYTES);
    Measurement readServed =
        Measurement.of(name, "read all files, tree served by FUSE", Quantity.SECONDS);
    Measurement walkServed =
        Measurement.of(name, "walk the tree, served by FUSE", Quantity.SECONDS);
    Measurement bigServed =
        Measurement.of(name, "read a big file, tree served by FUSE", Quantity.SECONDS);
    try (Node node = Node.start(images.workspace(), images.tree(), "n", List.of())) {
      Trees python = mount(images, node, BenchmarkImages.PYTHON);
      alternate(python, runs, again, Drop.NOTHING, WarmFiles::readAll);
      // what a later container sees: overlayfs asks only once for each file where its bytes lie
      unmount(node, python);
      python = mount(images, node, BenchmarkImages.PYTHON);
      alternate(python, runs, read, Drop.NOTHING, WarmFiles::readAll);
      alternate(python, runs, readDropped, Drop.CACHES, WarmFiles::readAll);
      alternate(python, runs, walk, Drop.NOTHING, WarmFiles::walk);
      alternate(python, runs, walkDropped, Drop.CACHES, WarmFiles::walk);
      Trees bigFile = mount(images, node, BenchmarkImages.BIG_FILE);
      alternate(bigFile, runs, big, Drop.NOTHING, WarmFiles::readBig);
      memory.harbour().add(node.harbourd().process().residentBytes());
      unmount(node, python);
      unmount(node, bigFile);
    }
    Node.remove(images.workspace(), "n");
    try (Node node = served(images)) {
      Trees python = mount(images, node, BenchmarkImages.PYTHON);
      alternate(python, runs, readServed, Drop.NOTHING, WarmFiles::readAll);
      alternate(python, runs, walkServed, Drop.NOTHING, WarmFiles::walk);
      unmount(node, python);
      Trees bigFile = mount(images, node, BenchmarkImages.BIG_FILE);
      alternate(bigFile, runs, bigServed, Drop.NOTHING, WarmFiles::readBig);
      unmount(node, bigFile);
    }
    Node.remove(images.workspace(), "t");
    return List.of(
        again,
        read,
        readDropped,
        walk,
        walkDropped,
        big,
        memory,
        readServed,
        walkServed,
        bigServed);
  }

  /** A node as on a kernel without data-only layers. */
  private static Node served(BenchmarkImages images) throws IOException, InterruptedException {
    return Node.start(
        images.workspace(),
        images.tree(),
        "t",
        RegistryAccess.plainHttp(List.of()),
        Optional.empty(),
        TreeKind.FUSE);
  }

  private enum Drop {
    NOTHING,
    CACHES
  }

  /** Where the same tree is mounted twice. */
  private record Trees(Path overlayfs, Path harbour) {}

  private static void alternate(
      Trees trees, int runs, Measurement measurement, Drop drop, Function<Path, Command> work)
      throws IOException, InterruptedException {
    work.apply(trees.overlayfs).run();
    work.apply(trees.harbour).run();
    for (int run = 0; run < runs; run++) {
      measurement.baseline().add(seconds(drop, work.apply(trees.overlayfs)));
      measurement.harbour().add(seconds(drop, work.apply(trees.harbour)));
    }
  }

  private static double seconds(Drop drop, Command command)
      throws IOException, InterruptedException {
    if (drop == Drop.CACHES) {
      PageCache.drop();
    }
    long start = System.nanoTime();
    command.run();
    return (System.nanoTime() - start) / 1e9;
  }

  private static Command readAll(Path tree) {
    return Command.of(
        "sh", "-euc", "find \"$1\" -type f -print0 | xargs -0 cat > /dev/null", "read", tree);
  }

  private static Command walk(Path tree) {
    return Command.of(
        "sh", "-euc", "find \"$1\" -printf '%y %m %U %G %s %T@ %l\\n' > /dev/null", "walk", tree);
  }

  private static Command readBig(Path tree) {
    return Command.of("dd", "if=" + tree.resolve("big"), "of=/dev/null", "bs=1M", "status=none");
  }

  private static Trees mount(BenchmarkImages images, Node node, String image)
      throws IOException, InterruptedException {
    BenchmarkImages.Pair pair = images.pair(image);
    String original = images.registry().reference(pair.original());
    String converted = images.registry().reference(pair.converted());
    node.ctr().pull(Snapshotter.OVERLAYFS, original);
    node.ctr().pull(Snapshotter.HARBOUR, converted);
    Path overlayfs = images.workspace().directory("m/o-" + image);
    Path harbour = images.workspace().directory("m/h-" + image);
    node.ctr().mountImage(Snapshotter.OVERLAYFS, original, overlayfs);
    node.ctr().mountImage(Snapshotter.HARBOUR, converted, harbour);
    return new Trees(overlayfs, harbour);
  }

  private static void unmount(Node node, Trees trees) throws IOException, InterruptedException {
    node.ctr().unmountImage(Snapshotter.OVERLAYFS, trees.overlayfs);
    node.ctr().unmountImage(Snapshotter.HARBOUR, trees.harbour);
  }
}
