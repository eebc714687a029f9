package io.imageharbour.cli;

import io.imageharbour.cli.doctor.Checkup;
import io.imageharbour.snapshotter.probe.TreeChoice;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code harbourctl doctor}. */
@Command(
    name = "doctor",
    header = "Say what this machine can do, and what to change.",
    description = {
      "Runs a tiny image the way every image runs (kernel, FUSE passthrough, EROFS, data-only"
          + " layers, or else a tree of FUSE), reads containerd's configuration and Docker's, and makes"
          + " real calls to harbourd. Needs"
          + " root and leaves nothing behind. Exit code 0 means that index images run here, 1 that"
          + " they don't.",
      "Not looked at: disable_snapshot_annotations of containerd's configuration; credentials."
    },
    footer = {
      "  harbourctl doctor",
      "  harbourctl doctor --json | jq -r '.[] | select(.level == \"failure\") | .advice'",
      "  harbourctl doctor --root /mnt/ssd/harbour",
      "  harbourctl doctor --containerd-config \\",
      "      /var/lib/rancher/k3s/agent/etc/containerd/config.toml"
    })
final class DoctorCommand implements Callable<Integer> {

  private final HarbourCtl root;

  @Option(
      names = "--containerd-config",
      paramLabel = "FILE",
      description = "containerd's configuration (default: ${DEFAULT-VALUE}).")
  private Path containerdConfig = Path.of("/etc/containerd/config.toml");

  @Option(
      names = "--root",
      paramLabel = "DIR",
      description =
          "harbourd's root directory, whose file system is tried (default: ${DEFAULT-VALUE}).")
  private Path harbourdRoot = Path.of("/var/lib/harbour");

  @Option(
      names = "--tree",
      paramLabel = "auto|erofs|fuse",
      description = "How trees are mounted, as harbourd's configuration says it (default: auto).")
  private TreeChoice tree = TreeChoice.AUTO;

  @Option(
      names = "--address",
      paramLabel = "SOCKET",
      description =
          "harbourd's socket, where containerd's configuration names none (default:"
              + " ${DEFAULT-VALUE}).")
  private Path address = Path.of("/run/harbour/harbourd.sock");

  @Option(
      names = "--docker-daemon-config",
      paramLabel = "FILE",
      description = "Docker's configuration, if there is one (default: ${DEFAULT-VALUE}).")
  private Path dockerConfig = Path.of("/etc/docker/daemon.json");

  @Option(names = "--json", description = "Print what was found as a JSON array.")
  private boolean json;

  DoctorCommand(HarbourCtl root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    // other classes know the types: picocli looks at every method of this one, whatever is run
    Checkup checkup = Checkup.run(harbourdRoot, tree, containerdConfig, address, dockerConfig);
    Writer out = root.streams().text();
    if (json) {
      checkup.writeJson(out);
    } else {
      checkup.writeText(root.streams().colour() && root.streams().outIsTerminal(), out);
    }
    out.flush();
    return checkup.isHealthy() ? ExitCode.OK : ExitCode.CHECK_FAILED;
  }
}
