package io.imageharbour.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.imageharbour.snapshotter.proto.snapshots.ListSnapshotsRequest;
import io.imageharbour.snapshotter.proto.snapshots.ListSnapshotsResponse;
import io.imageharbour.snapshotter.proto.snapshots.SnapshotsGrpc;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorCommandTest {

  @TempDir private Path directory = Path.of("");

  @Test
  void everyFindingComesWithWhatToDo() {
    Invocation result = doctor("--containerd-config", directory.resolve("none.toml").toString());
    assertThat(result.exitCode()).isEqualTo(ExitCode.CHECK_FAILED);
    assertThat(result.out())
        .contains("FAIL  containerd's config: " + directory.resolve("none.toml"))
        .contains("      | add to " + directory.resolve("none.toml"))
        .contains("FAIL  harbourd: there is no socket ")
        .containsPattern("Index images don't run on this machine yet: [0-9]+ failures\\.\n$");
  }

  @Test
  void theKernelIsTriedAndNothingOfThatStays() throws Exception {
    JsonNode findings = json(doctor("--json"));
    assertThat(subjects(findings)).contains("kernel", "content mount");
    try (Stream<Path> left = Files.list(directory)) {
      assertThat(left).isEmpty();
    }
    assertThat(Files.readString(Path.of("/proc/self/mounts"))).doesNotContain(directory.toString());
  }

  @Test
  void treesOfFuseAreTriedWhereTheyAreAskedFor() throws Exception {
    JsonNode findings = json(doctor("--json", "--tree", "fuse"));
    assertThat(finding(findings, "FUSE trees"))
        .isEqualTo("work, and are what the configuration says");
    assertThat(subjects(findings)).doesNotContain("content mount");
    assertThat(Files.readString(Path.of("/proc/self/mounts"))).doesNotContain(directory.toString());
  }

  @Test
  void aPluginOfTheWrongTypeIsSaid() throws Exception {
    Path config = write("type = \"content\"\naddress = \"/x\"");
    assertThat(
            finding(
                json(doctor("--json", "--containerd-config", config.toString())),
                "containerd's config"))
        .contains("the type \"content\", not \"snapshot\"");
  }

  @Test
  void aConfigurationThatIsNoTomlIsSaid() throws Exception {
    Path config = Files.writeString(directory.resolve("config.toml"), "[");
    assertThat(
            finding(
                json(doctor("--json", "--containerd-config", config.toString())),
                "containerd's config"))
        .contains(config + " is not TOML");
  }

  @Test
  void aSocketThatNobodyAnswersIsSaid() throws Exception {
    Path socket = directory.resolve("dead.sock");
    try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      dead.bind(UnixDomainSocketAddress.of(socket));
    }
    assertThat(finding(json(doctor("--json", "--address", socket.toString())), "harbourd"))
        .contains(socket + " does not answer: ", "Connection refused");
  }

  @Test
  void aRealContainerdIsAskedWhetherItHasTheSnapshotter() throws Exception {
    Path socket = directory.resolve("harbourd.sock");
    Path config = write("type = \"snapshot\"\naddress = \"" + socket + "\"");
    Running snapshotter = Running.on(socket);
    String[] arguments = {"--json", "--containerd-config", config.toString()};
    try {
      assertThat(finding(json(doctor(arguments)), "containerd")).contains("failed to dial");

      Process containerd = startContainerd(config);
      try {
        JsonNode findings = json(doctor(arguments));
        assertThat(finding(findings, "harbourd")).isEqualTo("answers on " + socket);
        assertThat(finding(findings, "containerd")).isEqualTo("has loaded the snapshotter harbour");
        // containerd 1 pulls without it
        assertThat(subjects(findings)).doesNotContain("transfer service");
      } finally {
        stop(containerd);
      }

      Path other = Files.writeString(directory.resolve("other.toml"), settings());
      containerd = startContainerd(other);
      try {
        assertThat(finding(json(doctor(arguments)), "containerd"))
            .contains("snapshotter not loaded: harbour");
      } finally {
        stop(containerd);
      }
    } finally {
      snapshotter.close();
    }
  }

  @Test
  void theTransferServiceOfContainerd2HasToKnowTheSnapshotter() throws Exception {
    Path socket = directory.resolve("harbourd.sock");
    Path config = write("type = \"snapshot\"\naddress = \"" + socket + "\"");
    Path ctr = directory.resolve("ctr");
    Files.writeString(
        ctr,
        """
        #!/bin/sh
        case $* in
          *version) printf 'Client:\\n  Version:  1.6.20\\n\\nServer:\\n  Version:  v2.1.4\\n  UUID: x\\n' ;;
          *) echo 'KEY PARENT KIND' ;;
        esac
        """);
    assertThat(ctr.toFile().setExecutable(true)).isTrue();
    Running snapshotter = Running.on(socket);
    try {
      assertThat(findingWithPath(config, "transfer service"))
          .contains("was not told", "no unpack platforms defined");
      Files.writeString(
          config,
          """
          [[plugins."io.containerd.transfer.v1.local".unpack_config]]
            platform = "linux/amd64"
            snapshotter = "harbour"
          """,
          StandardOpenOption.APPEND);
      assertThat(findingWithPath(config, "transfer service"))
          .isEqualTo("unpacks for the snapshotter harbour");
    } finally {
      snapshotter.close();
    }
  }

  /** What a doctor finds that has only the programs of the directory. */
  private String findingWithPath(Path config, String subject) throws Exception {
    List<String> command = new ArrayList<>(ProcessTest.javaCommand());
    command.addAll(List.of("doctor", "--json", "--root", directory.toString()));
    command.addAll(List.of("--containerd-config", config.toString()));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectError(directory.resolve("errors").toFile());
    builder.environment().put("PATH", directory + ":/bin");
    Process doctor = builder.start();
    JsonNode findings = new ObjectMapper().readTree(doctor.getInputStream());
    assertThat(doctor.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(directory.resolve("errors")).content().doesNotContain("harbourctl: ");
    return finding(findings, subject);
  }

  /** A snapshotter that listens on a socket. */
  private record Running(Server server, EventLoopGroup eventLoop) {

    static Running on(Path socket) throws IOException {
      EventLoopGroup eventLoop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
      return new Running(
          NettyServerBuilder.forAddress(UnixDomainSocketAddress.of(socket))
              .channelType(NioServerDomainSocketChannel.class)
              .bossEventLoopGroup(eventLoop)
              .workerEventLoopGroup(eventLoop)
              .addService(new EmptySnapshotter())
              .build()
              .start(),
          eventLoop);
    }

    void close() throws InterruptedException {
      server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
      eventLoop.shutdownGracefully(0, 5, TimeUnit.SECONDS).await();
    }
  }

  /** A snapshotter that has no snapshots. */
  private static final class EmptySnapshotter extends SnapshotsGrpc.SnapshotsImplBase {
    @Override
    public void list(ListSnapshotsRequest request, StreamObserver<ListSnapshotsResponse> response) {
      response.onCompleted();
    }
  }

  private Process startContainerd(Path config) throws Exception {
    Process containerd =
        new ProcessBuilder("containerd", "--config", config.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("containerd.log").toFile())
            .start();
    Path socket = directory.resolve("containerd.sock");
    Instant deadline = Instant.now().plus(Duration.ofSeconds(30));
    while (!answers(socket)) {
      assertThat(containerd.isAlive())
          .as(Files.readString(directory.resolve("containerd.log")))
          .isTrue();
      assertThat(Instant.now()).isBefore(deadline);
    }
    return containerd;
  }

  private static boolean answers(Path socket) throws IOException, InterruptedException {
    Process ctr =
        new ProcessBuilder("ctr", "--connect-timeout=1s", "--address=" + socket, "version")
            .redirectErrorStream(true)
            .start();
    ctr.getInputStream().readAllBytes();
    return ctr.waitFor() == 0;
  }

  private void stop(Process containerd) throws Exception {
    containerd.destroy();
    assertThat(containerd.waitFor(20, TimeUnit.SECONDS)).isTrue();
    Files.deleteIfExists(directory.resolve("containerd.sock"));
  }

  private Path write(String plugin) throws IOException {
    return Files.writeString(
        directory.resolve("config.toml"), settings() + "[proxy_plugins.harbour]\n" + plugin + "\n");
  }

  private String settings() {
    return """
        version = 2
        root = "%1$s/c/root"
        state = "%1$s/c/state"
        disabled_plugins = ["io.containerd.grpc.v1.cri"]
        [grpc]
          address = "%1$s/containerd.sock"
        """
        .formatted(directory);
  }

  private Invocation doctor(String... arguments) {
    List<String> all = new ArrayList<>(List.of("doctor", "--root", directory.toString()));
    all.addAll(List.of(arguments));
    if (!all.contains("--address")) {
      all.addAll(List.of("--address", directory.resolve("none.sock").toString()));
    }
    return Invocation.of(all.toArray(String[]::new));
  }

  private static JsonNode json(Invocation result) throws IOException {
    return new ObjectMapper().readTree(result.out());
  }

  private static List<String> subjects(JsonNode findings) {
    return StreamSupport.stream(findings.spliterator(), false)
        .map(finding -> finding.get("subject").textValue())
        .toList();
  }

  private static String finding(JsonNode findings, String subject) {
    return findings.get(subjects(findings).indexOf(subject)).get("result").textValue();
  }
}
