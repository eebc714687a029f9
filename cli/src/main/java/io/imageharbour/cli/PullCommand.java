package io.imageharbour.cli;

import io.imageharbour.cli.progress.Progress;
import io.imageharbour.cli.pull.ImagePull;
import io.imageharbour.cli.pull.PullSummary;
import io.imageharbour.indexer.image.Platform;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.RegistryClient;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code harbourctl pull}. */
@Command(
    name = "pull",
    header = "Pull an image into containerd.",
    description = {
      "Does what \"ctr images pull\" does, for ordinary images and index images, and tells the"
          + " snapshotter which image and layer each snapshot is for. A snapshotter that can do"
          + " without a layer answers with the snapshot, and the layer is not fetched. Needs root."
    },
    footer = {
      "  harbourctl pull registry.example.com/python:3.12-harbour",
      "  harbourctl pull --namespace k8s.io registry.example.com/python:3.12",
      "  harbourctl pull --snapshotter overlayfs docker.io/library/redis:7",
      "  harbourctl pull --address /run/k3s/containerd/containerd.sock \\",
      "      --namespace k8s.io registry.example.com/python:3.12",
      "  harbourctl pull --json IMAGE | jq .fetchedBytes"
    })
final class PullCommand implements Callable<Integer> {

  /** Long enough for a registry that is restarted: a pull may have come far. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final HarbourCtl root;

  @Parameters(
      index = "0",
      paramLabel = "IMAGE",
      description = "The image to pull: [HOST[:PORT]/]NAME[:TAG][@DIGEST].")
  private Optional<ImageReference> image = Optional.empty();

  @Option(
      names = "--address",
      paramLabel = "SOCKET",
      description = "containerd's socket (default: ${DEFAULT-VALUE}).")
  private Path address = PullSummary.DEFAULT_SOCKET;

  @Option(
      names = "--namespace",
      paramLabel = "NAME",
      description =
          "containerd's namespace; Kubernetes has k8s.io, Docker moby (default:"
              + " ${DEFAULT-VALUE}).")
  private String namespace = PullSummary.DEFAULT_NAMESPACE;

  @Option(
      names = "--snapshotter",
      paramLabel = "NAME",
      description = "The snapshotter to unpack with (default: ${DEFAULT-VALUE}).")
  private String snapshotter = "harbour";

  @Option(
      names = "--platform",
      paramLabel = "OS/ARCH",
      description = "Which of the image's platforms (default: this machine's).")
  private Optional<Platform> platform = Optional.empty();

  @Option(names = "--json", description = "Print what was done as JSON.")
  private boolean json;

  @Mixin private final RegistryOptions registry = new RegistryOptions();

  PullCommand(HarbourCtl root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    ImagePull pull =
        new ImagePull(
            address.toAbsolutePath(),
            namespace,
            snapshotter,
            platform.orElseGet(Platform::ofThisMachine));
    PullSummary summary;
    try (RegistryClient client = registry.open(PATIENCE);
        Progress progress = root.streams().progress(root.isVerbose())) {
      summary = pull.run(image.orElseThrow(), client, progress);
    }
    Writer out = root.streams().text();
    if (json) {
      summary.writeJson(out);
    } else {
      summary.writeText(out);
    }
    out.flush();
    return ExitCode.OK;
  }
}
