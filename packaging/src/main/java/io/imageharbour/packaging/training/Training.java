package io.imageharbour.packaging.training;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Runs harbourctl and harbourd as they run in earnest, with a made-up image, so that Java leaves an
 * AOT cache of each: the classes that they load, and what it has learned of their methods. Run by
 * {@code ./dev build}; needs nothing but the ready-to-run tree and, for harbourd, a kernel that can
 * mount index images, and root.
 */
final class Training {

  private static final String REPOSITORY = "training";
  private static final String ORIGINAL = "1";
  private static final String CONVERTED = "1-harbour";
  private static final Duration START = Duration.ofSeconds(60);

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
   *     to make for harbourctl; and, if it is to be trained too, the one for harbourd
   */
  public static void main(String[] args) throws Exception {
    // else it logs all that gRPC does
    System.setProperty("logback.configurationFile", "io/imageharbour/pool/process/logback.xml");
    Training training = new Training(Path.of(args[0]), Path.of(args[1]));
    try (TrainingRegistry registry = TrainingRegistry.start()) {
      TrainingImage.addTo(registry, ORIGINAL);
      training.trainHarbourctl(registry, Path.of(args[2]));
      if (args.length > 3) {
        IndexLayer layer = IndexLayer.of(registry, REPOSITORY, CONVERTED);
        training.trainHarbourd(layer, Path.of(args[3]));
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

  private void trainHarbourd(IndexLayer layer, Path cache)
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
            """
                .formatted(scratch.resolve("r"), socket, containerdSocket, home()));
    try (TrainingContainerd containerd = new TrainingContainerd(containerdSocket, socket, layer);
        TrainedProgram harbourd =
            TrainedProgram.start(tree.resolve("bin/harbourd"), cache, home(), "--config", config)) {
      await(harbourd, socket);
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
    for (String namespace : new String[] {"default", "k8s.io"}) {
      containerd.removeContainer(namespace);
      containerd.removeImage(namespace);
    }
  }

  private static void await(TrainedProgram harbourd, Path socket)
      throws IOException, InterruptedException {
    long begin = System.nanoTime();
    while (!Files.exists(socket)) {
      if (!harbourd.isRunning() || System.nanoTime() - begin > START.toNanos()) {
        throw new IOException("harbourd did not start for its training");
      }
      Thread.sleep(10);
    }
  }

  /** An empty directory, for all that could be configured. */
  private Path home() throws IOException {
    return Files.createDirectories(scratch.resolve("home"));
  }
}
