package io.imageharbour.cli;

import io.imageharbour.cli.mount.BackgroundMount;
import io.imageharbour.cli.mount.MountPoint;
import io.imageharbour.cli.mount.MountedImage;
import io.imageharbour.cli.progress.Progress;
import io.imageharbour.cli.progress.Progress.Stage;
import io.imageharbour.cli.progress.Progress.Unit;
import io.imageharbour.fusefs.linux.Detachment;
import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.registry.RegistryClient;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code harbourctl mount}. */
@Command(
    name = "mount",
    header = "Mount an index image on a directory.",
    description = {
      "Files are fetched when they are first read, verified, and kept for the next time. Needs no"
          + " root, only /dev/fuse, libfuse 2 and fusermount. The mount is read-only, and only the"
          + " user who made it can look into it, and reads every file.",
      "A process in the background serves it, and ends when it is unmounted: fusermount -u DIR, or"
          + " as root umount DIR. After a crash of that process the same command mounts it again."
    },
    footer = {
      "  mkdir ~/python",
      "  harbourctl mount registry.example.com/python:3.12-harbour ~/python",
      "  fusermount -u ~/python",
      "  harbourctl mount --foreground IMAGE ~/image",
      "  harbourctl mount --platform linux/arm64 IMAGE ~/image"
    })
final class MountCommand implements Callable<Integer> {

  private final HarbourCtl root;

  @Mixin private final ImageArgument image = new ImageArgument();

  @Parameters(index = "1", paramLabel = "DIR", description = "An empty directory.")
  private Path directory = Path.of("");

  @Option(
      names = "--foreground",
      description = "Serve the mount until it is unmounted, or by Ctrl-C or SIGTERM unmount it.")
  private boolean foreground;

  @Option(
      names = "--allow-other",
      description =
          "Let other users look into it too, as the modes of the files say. Without root this takes"
              + " user_allow_other in /etc/fuse.conf.")
  private boolean allowOther;

  @Option(
      names = "--cache",
      paramLabel = "DIR",
      description =
          "Where fetched files are kept (default: $XDG_CACHE_HOME/harbour/mount, else"
              + " ~/.cache/harbour/mount). Can be deleted while nothing is mounted.")
  private Optional<Path> cache = Optional.empty();

  /** How the command starts itself; of no use to others. */
  @Option(names = BackgroundMount.OPTION, hidden = true)
  private boolean background;

  MountCommand(HarbourCtl root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (!foreground && !background) {
      return BackgroundMount.start(HarbourCtl.class.getName(), "mount", root.streams().out());
    }
    Path target = MountPoint.prepare(directory);
    try (RegistryClient client = image.client();
        // nobody holds the index while the mount is served: it is much larger than what that takes
        MountedImage mounted =
            MountedImage.mount(open(client), target, cache, allowOther, client)) {
      if (background) {
        try (Detachment detachment = mounted.prepareDetachment()) {
          // who started this process takes it for a mount that is there
          say(mounted.summary());
          detachment.detach();
        }
      } else {
        say(mounted.summary());
      }
      mounted.awaitEnd();
    }
    return ExitCode.OK;
  }

  private void say(String summary) throws IOException {
    Writer out = root.streams().text();
    out.write(summary);
    out.flush();
  }

  private IndexImage open(RegistryClient client) throws IOException, InterruptedException {
    try (Progress progress = root.streams().progress(root.isVerbose())) {
      Stage stage = progress.stage(Unit.THINGS);
      stage.start("index", Progress.UNKNOWN);
      IndexImage opened = image.open(client);
      stage.finish();
      return opened;
    }
  }
}
