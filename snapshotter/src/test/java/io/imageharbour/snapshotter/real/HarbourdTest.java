package io.imageharbour.snapshotter.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.snapshotter.Programs;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program as it is started and stopped. */
class HarbourdTest {

  @TempDir private Path directory;

  @Test
  void aWrongConfigurationIsOneLineAndExitCodeTwo() throws Exception {
    Path config = Files.writeString(directory.resolve("c.toml"), "rot = \"/r\"\n");
    Programs.Result result = harbourd("--config", config.toString());
    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.output().strip().lines())
        .singleElement()
        .asString()
        .startsWith("harbourd: " + config)
        .contains("\"rot\"");
  }

  @Test
  void aWrongOptionIsExitCodeTwoAndHelpIsNone() throws Exception {
    assertThat(harbourd("--nonsense").exitCode()).isEqualTo(2);
    assertThat(harbourd("--help").output()).contains("Examples:");
    assertThat(harbourd("--version").output()).startsWith("harbourd ");
  }

  @Test
  void aSecondDaemonOnTheSameRootOrSocketDoesNotStart(@TempDir Path other) throws Exception {
    try (Node node = Node.start(directory)) {
      Programs.Result sameRoot =
          harbourd("--root", node.root().toString(), "--address", other + "/h.sock");
      assertThat(sameRoot.exitCode()).isEqualTo(1);
      assertThat(sameRoot.output()).contains("event=not-started").contains("another harbourd");
      Programs.Result sameSocket =
          harbourd("--root", other + "/r", "--address", node.socket().toString());
      assertThat(sameSocket.exitCode()).isEqualTo(1);
      assertThat(sameSocket.output()).contains("another process answers there");
      node.ctr("snapshots", "--snapshotter", "harbour", "ls");
    }
  }

  @Test
  void theSocketIsItsOwnersOnlyAndAStaleOneIsTakenOver() throws Exception {
    Path socket = directory.resolve("h.sock");
    try (ServerSocketChannel stale = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      stale.bind(UnixDomainSocketAddress.of(socket));
    }
    assertThat(socket).exists();
    try (Node node = Node.start(directory)) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
          .isEqualTo("rw-------");
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(node.root())))
          .isEqualTo("rwx------");
      assertThat(node.harbourd().stop()).isZero();
      assertThat(socket).doesNotExist();
    }
  }

  private Programs.Result harbourd(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(Node.harbourdCommand());
    command.addAll(List.of(arguments));
    return Programs.run(directory, Map.of(), command.toArray(String[]::new));
  }
}
