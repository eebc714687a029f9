package io.imageharbour.cli.doctor;

import io.imageharbour.snapshotter.probe.Finding;
import io.imageharbour.snapshotter.probe.Finding.Level;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Whether containerd has Harbour's snapshotter and gets answers from it: its configuration is read,
 * the snapshotter's socket is called, and containerd is asked to call it.
 */
final class ContainerdCheckup {

  private static final String PLUGIN_LINES =
      """
      add to %s
        [proxy_plugins.harbour]
          type = "snapshot"
          address = "%s"
      and restart containerd""";

  private static final String EXPORTS_LINES =
      """
      add to %s, below the proxy plugin harbour, with the root directory of harbourd
          [proxy_plugins.harbour.exports]
            root = "/var/lib/harbour"
      and restart containerd (before 1.7 it has no effect)""";

  private static final String UNPACK_LINES =
      """
      add to %s what docs/containerd.md says of the transfer service,
      and restart containerd; or pull with ctr images pull --local""";

  /** What {@code ctr version} says of containerd, behind what it says of itself. */
  private static final Pattern SERVER_VERSION =
      Pattern.compile("\\nServer:\\s+Version:\\s+v?([0-9]{1,4})\\.");

  private static final int FIRST_WITH_TRANSFER = 2;

  private static final int MAX_OUTPUT = 1000;

  private final Path configFile;
  private final Path defaultSocket;
  private final List<Finding> findings = new ArrayList<>();

  private ContainerdCheckup(Path configFile, Path defaultSocket) {
    this.configFile = configFile;
    this.defaultSocket = defaultSocket;
  }

  /**
   * Looks at everything.
   *
   * @param configFile containerd's configuration
   * @param defaultSocket where {@code harbourd} listens unless that says something else
   */
  static List<Finding> run(Path configFile, Path defaultSocket) throws InterruptedException {
    ContainerdCheckup checkup = new ContainerdCheckup(configFile, defaultSocket);
    checkup.run();
    return checkup.findings;
  }

  private void run() throws InterruptedException {
    Optional<ContainerdConfig> config = config();
    Path socket =
        config.flatMap(ContainerdConfig::pluginAddress).map(Path::of).orElse(defaultSocket);
    boolean answers = daemon(socket);
    if (config.isPresent() && isPluginRight(config.get())) {
      kubernetes(config.get());
      if (answers) {
        containerd(config.get());
      }
    }
  }

  private Optional<ContainerdConfig> config() {
    if (!Files.exists(configFile)) {
      fail(
          "containerd's config",
          configFile + " does not exist",
          PLUGIN_LINES.formatted(configFile, defaultSocket));
      return Optional.empty();
    }
    try {
      ContainerdConfig config = ContainerdConfig.read(configFile);
      Optional<String> fault = pluginFault(config);
      if (fault.isPresent()) {
        fail(
            "containerd's config",
            fault.get(),
            PLUGIN_LINES.formatted(
                configFile, config.pluginAddress().orElse(defaultSocket.toString())));
      } else {
        good("containerd's config", "has the snapshotter harbour in " + where(config));
      }
      return Optional.of(config);
    } catch (IOException e) {
      fail(
          "containerd's config",
          String.valueOf(e.getMessage()),
          "make " + configFile + " readable and right");
      return Optional.empty();
    }
  }

  private static boolean isPluginRight(ContainerdConfig config) {
    return pluginFault(config).isEmpty();
  }

  private static Optional<String> pluginFault(ContainerdConfig config) {
    if (config.pluginType().isEmpty() && config.pluginAddress().isEmpty()) {
      return Optional.of("has no proxy plugin harbour in " + where(config));
    }
    if (!config.pluginType().orElse("").equals("snapshot")) {
      return Optional.of(
          "the proxy plugin harbour has the type \""
              + config.pluginType().orElse("")
              + "\", not \"snapshot\"");
    }
    if (config.pluginAddress().isEmpty()) {
      return Optional.of("the proxy plugin harbour has no address");
    }
    return Optional.empty();
  }

  private static String where(ContainerdConfig config) {
    return String.join(", ", config.files().stream().map(Path::toString).toList());
  }

  private boolean daemon(Path socket) {
    if (!Files.exists(socket)) {
      fail("harbourd", "there is no socket " + socket, "start harbourd with --address " + socket);
      return false;
    }
    Optional<String> fault = SnapshotsCall.list(socket);
    if (fault.isPresent()) {
      fail(
          "harbourd",
          socket + " does not answer: " + fault.get(),
          "look into harbourd's log and start it again");
      return false;
    }
    good("harbourd", "answers on " + socket);
    return true;
  }

  private void kubernetes(ContainerdConfig config) {
    String snapshotter = config.criSnapshotter().orElse("overlayfs");
    if (snapshotter.equals("harbour") && config.pluginRoot().isEmpty()) {
      warn(
          "Kubernetes (CRI)",
          "uses the snapshotter harbour, but tells the kubelet a directory for images that does not"
              + " exist",
          EXPORTS_LINES.formatted(configFile));
      return;
    }
    good(
        "Kubernetes (CRI)",
        snapshotter.equals("harbour")
            ? "uses the snapshotter harbour"
            : "uses the snapshotter "
                + snapshotter
                + "; ctr and nerdctl choose theirs by --snapshotter");
  }

  /** Only containerd itself knows whether it was restarted since its configuration changed. */
  private void containerd(ContainerdConfig config) throws InterruptedException {
    try {
      Answer answer = ctr(config.address(), "snapshots", "--snapshotter=harbour", "ls");
      if (answer.exit == 0) {
        good("containerd", "has loaded the snapshotter harbour");
        transferService(config);
      } else {
        fail(
            "containerd",
            answer.output,
            "restart containerd: it is not running, or runs since before its configuration changed");
      }
    } catch (IOException e) {
      warn(
          "containerd",
          "could not be asked: " + e.getMessage(),
          "install ctr, which comes with containerd, to have this checked");
    }
  }

  /** From containerd 2 on, {@code ctr} pulls through it; that it lacks Harbour shows at a pull. */
  private void transferService(ContainerdConfig config) throws IOException, InterruptedException {
    Matcher version = SERVER_VERSION.matcher(ctr(config.address(), "version").output);
    if (!version.find() || Integer.parseInt(version.group(1)) < FIRST_WITH_TRANSFER) {
      return;
    }
    if (config.transferUnpacks()) {
      good("transfer service", "unpacks for the snapshotter harbour");
    } else {
      warn(
          "transfer service",
          "was not told to unpack for the snapshotter harbour: ctr images pull fails with"
              + " \"no unpack platforms defined\"",
          UNPACK_LINES.formatted(configFile));
    }
  }

  private record Answer(int exit, String output) {}

  /** It gives up by itself when containerd is silent. */
  private static Answer ctr(Path address, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.addAll(List.of("ctr", "--timeout=10s", "--connect-timeout=5s", "--address=" + address));
    command.addAll(List.of(arguments));
    Process ctr = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (InputStream in = ctr.getInputStream()) {
      String output = new String(in.readNBytes(MAX_OUTPUT), StandardCharsets.UTF_8).strip();
      in.transferTo(OutputStream.nullOutputStream());
      return new Answer(ctr.waitFor(), output);
    } finally {
      ctr.destroyForcibly();
    }
  }

  private void good(String subject, String result) {
    findings.add(new Finding(subject, Level.GOOD, result, ""));
  }

  private void warn(String subject, String result, String advice) {
    findings.add(new Finding(subject, Level.WARNING, result, advice));
  }

  private void fail(String subject, String result, String advice) {
    findings.add(new Finding(subject, Level.FAILURE, result, advice));
  }
}
