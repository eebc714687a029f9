package io.imageharbour.pool.agent;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.pool.process.JavaProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The program on a host that lets it lock next to nothing, as root without that capability. */
@Timeout(60)
class LockLimitTest {

  private static final List<String> LIMITED =
      List.of(
          "prlimit",
          "--memlock=65536:65536",
          "setpriv",
          "--bounding-set=-ipc_lock",
          "--inh-caps=-ipc_lock");

  @Test
  void itSaysWhatToChange(@TempDir Path directory) throws Exception {
    Path log = directory.resolve("log");
    Process agent = start(directory, log);
    try {
      assertThat(agent.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(agent.exitValue()).isEqualTo(1);
      assertThat(Files.readString(log, UTF_8))
          .contains("event=not-started cause=\"cannot lock 2 MiB of memory (mlock: ")
          .contains("raise the limit (ulimit -l, or LimitMEMLOCK= of the systemd unit)")
          .contains("lock-memory = false");
    } finally {
      agent.destroyForcibly();
    }
  }

  private static Process start(Path directory, Path log) throws IOException {
    Path config = directory.resolve("agent.toml");
    Files.writeString(
        config,
        """
        listen = "127.0.0.1:0"
        memory = "32MiB"
        transports = ["shm"]
        socket = "%1$s/agent.sock"
        [security]
        token-file = "%1$s/token"
        """
            .formatted(directory));
    List<String> command = new ArrayList<>(LIMITED);
    command.addAll(JavaProcess.command(HarbourAgent.class, "--config", config.toString()));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(log.toFile())
        .start();
  }
}
