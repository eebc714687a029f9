package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.testbed.Await;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.Mountpoints;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a testbed makes, the tests, benchmarks and quickstart take away again. */
@ExtendWith(TestbedExtension.class)
final class WorkspaceIT {

  @Test
  void itsRemovalEndsContainersAndDaemonsAndTakesMountsAndFilesAway(SharedTestbed testbed)
      throws Exception {
    String image = testbed.converted("debian", testbed.images().debian()).reference();
    Path directory = Path.of(testbed.workspace().directory() + "w");
    Workspace workspace = Workspace.create(directory);
    try {
      Node node = Node.start(workspace, testbed.tree(), "w", List.of());
      node.ctr().pull(Snapshotter.HARBOUR, image);
      node.ctr().start(Snapshotter.HARBOUR, image, "sleep", "infinity");
      Path tree = workspace.directory("m");
      node.ctr().mountImage(Snapshotter.HARBOUR, image, tree);
      // runc's process becomes the container's when it has read its program
      Await.until(
          "the container's program runs",
          Duration.ofSeconds(30),
          () -> names(workspace.processes()).contains("sleep"));
      List<ProcessHandle> processes = workspace.processes();
      assertThat(names(processes))
          .contains("containerd", "java", "sleep")
          .anyMatch(name -> name.startsWith("containerd-shim"));
      assertThat(mountsOf(directory))
          .extracting(Mountpoints.Mount::point)
          .contains(tree, node.harbourd().root().resolve("c"))
          .anyMatch(point -> point.endsWith("rootfs"));
      assertThat(controlGroups(node.ctr().namespace())).isNotEmpty();

      Workspace.remove(directory);

      assertThat(processes).filteredOn(WorkspaceIT::runs).isEmpty();
      assertThat(mountsOf(directory)).isEmpty();
      assertThat(controlGroups(node.ctr().namespace())).isEmpty();
      assertThat(directory).doesNotExist();
      // there is nothing any more, and that is fine
      Workspace.remove(directory);
    } finally {
      Workspace.remove(directory);
    }
  }

  /** The names of the programs that they run. */
  private static List<String> names(List<ProcessHandle> processes) {
    return processes.stream()
        .map(process -> process.info().command().map(WorkspaceIT::name).orElse(""))
        .toList();
  }

  /** The mounts that lie in a directory or have something of it beneath them. */
  private static List<Mountpoints.Mount> mountsOf(Path directory) throws IOException {
    return Mountpoints.all().stream()
        .filter(
            mount ->
                mount.point().startsWith(directory) || mount.options().contains(directory + "/"))
        .toList();
  }

  private static String controlGroups(String namespace) throws Exception {
    // others come and go while it looks, which it complains about
    return Command.of("find", "/sys/fs/cgroup", "-name", namespace).attempt().text();
  }

  /** Whether a process is more than a zombie that nobody has asked for its exit code. */
  private static boolean runs(ProcessHandle process) {
    try {
      String status = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
      return process.isAlive() && status.charAt(status.lastIndexOf(')') + 2) != 'Z';
    } catch (IOException gone) {
      return false;
    }
  }

  /** The last part of a path; that of {@code /}, as runc's process shows itself, is empty. */
  private static String name(String command) {
    return command.substring(command.lastIndexOf('/') + 1);
  }
}
