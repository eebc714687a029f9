package io.imageharbour.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What only shows in a process of its own. */
class ProcessTest {

  @Test
  void aReaderThatGoesAwayEndsItQuietly() throws Exception {
    assertThat(shell("harbourctl completion | true; echo ${PIPESTATUS[0]}"))
        .isEqualTo(ExitCode.BROKEN_PIPE + "\n");
  }

  @Test
  void aFullDiskIsSaidAndNotIgnored() throws Exception {
    assertThat(shell("harbourctl completion > /dev/full; echo $?"))
        .isEqualTo(
            "harbourctl: can't write to standard output: No space left on device\n"
                + ExitCode.LOCAL
                + "\n");
  }

  @Test
  void theCompletionIsGoodBashAndKnowsCommandsAndOptions() throws Exception {
    String script =
        """
        source <(harbourctl completion)
        complete() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _complete_harbourctl 2>/dev/null; echo "${COMPREPLY[@]}"; }
        complete harbourctl conv
        complete harbourctl convert --ded
        complete harbourctl pool shr
        complete harbourctl pool load --tok
        """;
    assertThat(shell(script)).isEqualTo("convert\n--dedup-from\nshrink\n--token-file\n");
  }

  @Test
  void theHelpHasColoursOnATerminalUnlessTheyAreNotWanted() throws Exception {
    String onTerminal = "TERM=xterm script -qec '%sharbourctl --help' /dev/null | head -c 2000";
    assertThat(shell(onTerminal.formatted(""))).contains("\u001b[");
    assertThat(shell(onTerminal.formatted("NO_COLOR=1 ")))
        .contains("Usage:")
        .doesNotContain("\u001b[");
    assertThat(shell("harbourctl --help")).contains("Usage:").doesNotContain("\u001b[");
  }

  @Test
  void onlyCommandsThatSpeakToDaemonsLoadWhatThatTakes() throws Exception {
    for (String command :
        List.of("--help", "ls localhost:1/none", "pool load --help", "pull --help")) {
      assertThat(shell("JAVA_TOOL_OPTIONS=-Xlog:class+load harbourctl " + command))
          .contains("io.imageharbour.cli.PoolCommand ")
          .doesNotContain(" io.grpc.", " io.netty.", " com.google.protobuf.");
    }
  }

  @Test
  void ctrlCCancelsTheUploadsAndLeavesNoTag(@TempDir Path work) throws Exception {
    LocalRegistry.makeImages(work);
    try (LocalRegistry registry = LocalRegistry.start(work, false);
        LimitingProxy proxy = LimitingProxy.stalling(registry.port(), 1_000_000)) {
      registry.push(work, "one", "one:1");
      List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT"));
      command.addAll(javaCommand());
      command.addAll(List.of("convert", proxy.host() + "/one:1"));
      Path errors = work.resolve("errors");
      Process convert = new ProcessBuilder(command).redirectError(errors.toFile()).start();
      assertThat(proxy.stalled().await(60, TimeUnit.SECONDS)).as("an upload is under way").isTrue();

      // the shell's own: a small machine has no program of that name
      LocalRegistry.run("sh", "-c", "kill -INT " + convert.pid());
      awaitThread(convert, "on-signal");
      proxy.release();

      assertThat(convert.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(Files.readString(errors)).endsWith("harbourctl: interrupted\n");

      assertThat(convert.exitValue()).isEqualTo(ExitCode.INTERRUPTED);
      assertThat(registry.repository("one/_manifests/tags"))
          .isDirectoryNotContaining("glob:**-harbour");
      assertThat(uploads(registry)).isEmpty();
    }
  }

  @Test
  void withoutRoomForWhatItSentItWarnsAndConverts(@TempDir Path work) throws Exception {
    LocalRegistry.makeImages(work);
    try (LocalRegistry registry = LocalRegistry.start(work, false)) {
      registry.push(work, "one", "one:1");
      List<String> command =
          new ArrayList<>(
              List.of(
                  "unshare",
                  "--mount",
                  "sh",
                  "-c",
                  "mount -t tmpfs -o size=1m none /var/tmp && exec \"$@\"",
                  "sh"));
      command.addAll(javaCommand());
      command.addAll(List.of("convert", registry.host() + "/one:1"));
      Path errors = work.resolve("errors");
      Process convert =
          new ProcessBuilder(command)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(errors.toFile())
              .start();

      assertThat(convert.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(convert.exitValue()).as(Files.readString(errors)).isZero();
      assertThat(Files.readAllLines(errors))
          .filteredOn(line -> line.startsWith("harbourctl: "))
          .singleElement()
          .asString()
          .startsWith("harbourctl: warning: event=upload-not-restartable repository=")
          .contains("directory=/var/tmp ", "No space left on device");
      assertThat(Invocation.of("verify", registry.host() + "/one:1-harbour").exitCode()).isZero();
    }
  }

  /** Waits until a process has a thread of that name. */
  private static void awaitThread(Process process, String name) throws IOException {
    Instant deadline = Instant.now().plusSeconds(30);
    while (process.isAlive()) {
      try (DirectoryStream<Path> threads =
          Files.newDirectoryStream(Path.of("/proc", Long.toString(process.pid()), "task"))) {
        for (Path thread : threads) {
          if (Files.readString(thread.resolve("comm")).equals(name + "\n")) {
            return;
          }
        }
      } catch (NoSuchFileException e) {
        // a thread ended meanwhile
      }
      assertThat(Instant.now()).isBefore(deadline);
    }
  }

  /** What the registry still holds of uploads; it leaves their directories behind. */
  private static List<Path> uploads(LocalRegistry registry) throws IOException {
    try (Stream<Path> files = Files.walk(registry.repository("one/_uploads"))) {
      return files.filter(file -> file.endsWith("data")).toList();
    }
  }

  /** Runs harbourctl as a process, with what this one has of classes. */
  static List<String> javaCommand() {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "--enable-native-access=ALL-UNNAMED",
        // lmdbjava
        "--add-opens=java.base/java.nio=ALL-UNNAMED",
        "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
        "-cp",
        System.getProperty("java.class.path"),
        HarbourCtl.class.getName());
  }

  private static String shell(String script) throws IOException, InterruptedException {
    String function =
        "harbourctl() { '%s' \"$@\"; }; export -f harbourctl\n"
            .formatted(String.join("' '", javaCommand()));
    ProcessBuilder builder =
        new ProcessBuilder("bash", "-c", function + script).redirectErrorStream(true);
    builder.environment().put("SHELL", "/bin/bash");
    builder.environment().remove("NO_COLOR");
    Process process = builder.start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    process.waitFor();
    return output;
  }
}
