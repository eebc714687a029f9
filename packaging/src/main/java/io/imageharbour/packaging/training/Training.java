package io.imageharbour.packaging.training;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Runs harbourctl, harbourd and harbour-agent as they run in earnest, with a made-up image, so that
 * Java leaves an AOT cache of each: the classes that they load, and what it has learned of their
 * methods. Run by {@code ./dev build}; needs nothing but the ready-to-run tree and, for the
 * daemons, a kernel that can mount index images, and root.
 */
final class Training {

  private static final String REPOSITORY = "training";
  private static final String ORIGINAL = "1";
  private static final String CONVERTED = "1-harbour";

  private final Path tree;
  private final Path scratch;

  private Training(Path tree, Path scratch) {
    this.tree = tree;
    this.scratch = scratch;
  }

  /**
   * Trains the programs.
   *
   * @param args the ready-to-run tree; an empty directory, which whoever made it removes; the cache
   *     to make for harbourctl; and, if they are to be trained too, the ones for harbourd and
   *     harbour-agent
   */
  public static void main(String[] args) throws Exception {
    // else it logs all that gRPC does
    System.setProperty("logback.configurationFile", "io/imageharbour/pool/process/logback.xml");
    Training training = new Training(Path.of(args[0]), Path.of(args[1]));
    try (TrainingRegistry registry = TrainingRegistry.start()) {
      TrainingImage.addTo(registry, ORIGINAL);
      training.trainHarbourctl(registry, Path.of(args[2]));
      if (args.length > 4) {
        IndexLayer layer = IndexLayer.of(registry, REPOSITORY, CONVERTED);
        training.trainDaemons(layer, Path.of(args[3]), Path.of(args[4]));
      }
    }
  }

  private void trainHarbourctl(TrainingRegistry registry, Path cache)
      throws IOException, InterruptedException {
    try (TrainedProgram harbourctl =
        TrainedProgram.start(
            tree.resolve("bin/harbourctl"),
            cache,
            home(),
            "convert",
            "--certs-dir",
            home(),
            registry.host() + "/" + REPOSITORY + ":" + ORIGINAL)) {
      harbourctl.awaitEnd();
    }
  }

  private void trainDaemons(IndexLayer layer, Path harbourdCache, Path agentCache)
      throws IOException, InterruptedException {
    try (TrainingPool pool =
        TrainingPool.start(tree.resolve("bin/harbour-agent"), agentCache, home(), scratch)) {
      trainHarbourd(layer, pool, harbourdCache);
      pool.stop();
    }
  }

  private void trainHarbourd(IndexLayer layer, TrainingPool pool, Path cache)
      throws IOException, InterruptedException {
    Path socket = scratch.resolve("harbourd.sock");
    Path containerdSocket = scratch.resolve("containerd.sock");
    Path config =
        Files.writeString(
            scratch.resolve("harbourd.toml"),
            """
            root = "%s"
            address = "%s"
            [containerd]
            address = "%s"
            [registry]
            certs-directories = ["%s"]
            %s"""
                .formatted(
                    scratch.resolve("r"), socket, containerdSocket, home(), pool.settings()));
    try (TrainingContainerd containerd = new TrainingContainerd(containerdSocket, socket, layer);
        TrainedProgram harbourd =
            TrainedProgram.start(tree.resolve("bin/harbourd"), cache, home(), "--config", config)) {
      harbourd.await(socket);
      work(containerd);
      harbourd.stop();
      harbourd.awaitEnd();
    }
  }

  private void work(TrainingContainerd containerd) throws IOException, InterruptedException {
    containerd.unpack("default");
    try (TrainingContainer container =
        TrainingContainer.mount(
            scratch.resolve("container"), containerd.prepareContainer("default"))) {
      container.runProgram();
      containerd.lookAround("default");
    }
    containerd.unpackForKubernetes("k8s.io");
    try (TrainingContainer container =
        TrainingContainer.mount(
            scratch.resolve("container"), containerd.prepareContainer("k8s.io"))) {
      container.runSmallProgram();
    }
    containerd.removeContainer("default");
    // a node that has nothing, but a pool that has all that the first program has read
    forgetContents();
    try (TrainingContainer container =
        TrainingContainer.mount(
            scratch.resolve("container"), containerd.prepareContainer("default"))) {
      container.runProgram();
    }
    for (String namespace : new String[] {"default", "k8s.io"}) {
      containerd.removeContainer(namespace);
      containerd.removeImage(namespace);
    }
  }

  /** Files of the CAS may go at any time. */
  private void forgetContents() throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.walk(scratch.resolve("r/cas"))) {
      files = all.filter(Files::isRegularFile).toList();
    }
    for (Path file : files) {
      Files.delete(file);
    }
  }

  /** An empty directory, for all that could be configured. */
  private Path home() throws IOException {
    return Files.createDirectories(scratch.resolve("home"));
  }
}
