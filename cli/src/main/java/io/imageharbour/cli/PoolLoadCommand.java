package io.imageharbour.cli;

import io.imageharbour.cli.pool.ImageLoad;
import io.imageharbour.cli.pool.Profile;
import io.imageharbour.cli.progress.Progress;
import io.imageharbour.cli.progress.Progress.Stage;
import io.imageharbour.cli.progress.Progress.Unit;
import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.pool.client.PoolClient;
import io.imageharbour.pool.client.PoolControl;
import io.imageharbour.pool.load.ImageChunks;
import io.imageharbour.snapshotter.PoolSettings;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code harbourctl pool load}. */
@Command(
    name = "load",
    header = "Bring index images into the pool ahead of time.",
    description = {
      "Fetches from the registry what the pool lacks of each IMAGE, checks it, and brings it to the"
          + " agents on which nodes look for it. That counts the agents as they are listed, so"
          + " --agent has to name all of them, as nodes do. Exit code 1 means that not"
          + " everything is there now: the agents have no room, or could not be written to."
    },
    footer = {
      "  harbourctl pool load registry.example.com/python:3.12-harbour",
      "  harbourctl pool load --platform linux/arm64 IMAGE",
      "  harbourctl pool load --profile start.txt IMAGE",
      "  harbourctl pool load --json IMAGE | jq '.[].loaded.bytes'"
    })
final class PoolLoadCommand implements Callable<Integer> {

  private final HarbourCtl root;

  @Parameters(
      arity = "1..*",
      paramLabel = "IMAGE",
      description =
          "Index images, or images with their index beside them:"
              + " [HOST[:PORT]/]NAME[:TAG][@DIGEST].")
  private List<ImageReference> images = new ArrayList<>();

  @Option(
      names = "--profile",
      paramLabel = "FILE",
      description =
          "Load only the files whose paths this file lists, one in each line: what a container"
              + " reads while it starts. Paths that the image does not have are passed over.")
  private Optional<Path> profile = Optional.empty();

  @Option(names = "--json", description = "Print what was done as a JSON array.")
  private boolean json;

  @Mixin private final PoolOptions options = new PoolOptions();

  @Mixin private final ImageSource source = new ImageSource();

  PoolLoadCommand(HarbourCtl root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    PoolSettings settings = options.settings();
    Optional<Profile> files =
        profile.isPresent() ? Optional.of(Profile.read(profile.get())) : Optional.empty();
    List<ImageLoad> loads = new ArrayList<>();
    try (RegistryClient client = source.client();
        PoolControl control = PoolOptions.control(settings);
        PoolClient pool = settings.open().orElseThrow();
        Progress progress = root.streams().progress(root.isVerbose())) {
      Stage stage = progress.stage(Unit.BYTES);
      for (ImageReference image : images) {
        String label =
            images.size() == 1 ? "load" : "load " + (loads.size() + 1) + "/" + images.size();
        IndexImage opened = source.open(client, image);
        ImageChunks wanted = chunks(opened, files);
        loads.add(
            ImageLoad.run(
                image.toString(),
                opened,
                wanted,
                control,
                settings.replicas(),
                pool,
                label,
                stage));
      }
    }
    Writer out = root.streams().text();
    if (json) {
      ImageLoad.writeJson(loads, out);
    } else {
      ImageLoad.writeText(loads, out);
    }
    out.flush();
    int failed = PoolFailures.report(loads.getLast().after().failures().values(), root);
    if (failed != ExitCode.OK) {
      return failed;
    }
    return loads.stream().allMatch(ImageLoad::isComplete) ? ExitCode.OK : ExitCode.CHECK_FAILED;
  }

  private static ImageChunks chunks(IndexImage image, Optional<Profile> files)
      throws UsageException {
    if (files.isEmpty()) {
      return ImageChunks.of(image.index());
    }
    Profile.Selection selected = files.get().in(image.index());
    if (selected.files() == 0) {
      throw new UsageException("the image has none of the files that the profile lists");
    }
    return selected.chunks();
  }
}
