package io.imageharbour.testbed;

import io.imageharbour.indexer.HarbourException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** A server that runs as a process of a workspace, its output in a log file there. */
public final class ServerProcess implements AutoCloseable {

  private static final Duration START = Duration.ofMinutes(4);
  private static final Duration STOP = Duration.ofSeconds(20);

  private final String name;
  private final Process process;
  private final Path log;

  private ServerProcess(String name, Process process, Path log) {
    this.name = name;
    this.process = process;
    this.log = log;
  }

  /**
   * Starts a server and waits until it answers.
   *
   * @param log its output is appended there
   * @param ready asked until it holds; an exception counts as a no
   */
  public static ServerProcess start(
      Workspace workspace, String name, Command command, Path log, Await.Condition ready)
      throws IOException, InterruptedException {
    ProcessBuilder builder =
        // A session of its own: a terminal that closes, or its Ctrl-C, is not meant for servers.
        new ProcessBuilder(
                Command.of("setsid").withArguments(command.arguments().toArray()).arguments())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().putAll(command.environment());
    builder.environment().put(Workspace.VARIABLE, workspace.directory().toString());
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new HarbourException(
          "cannot start %s: %s; is its package installed?".formatted(command, e.getMessage()), e);
    }
    ServerProcess server = new ServerProcess(name, process, log);
    try {
      Await.until(name + " to answer", START, () -> server.isReady(ready));
    } catch (IOException | InterruptedException e) {
      process.destroyForcibly();
      throw e;
    }
    return server;
  }

  public long pid() {
    return process.pid();
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /** Everything the server has written so far. */
  public String log() throws IOException {
    return new String(Files.readAllBytes(log), StandardCharsets.UTF_8);
  }

  public Path logFile() {
    return log;
  }

  /** Its resident memory in bytes: what the kernel calls VmRSS, which counts shared pages too. */
  public long residentBytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/" + pid() + "/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
      }
    }
    throw new HarbourException(name + " (process " + pid() + ") has no resident memory: it ended");
  }

  /** The processor time that it has used, in user mode and in the kernel. */
  public Duration processorTime() throws HarbourException {
    return process
        .info()
        .totalCpuDuration()
        .orElseThrow(() -> new HarbourException(name + " has no processor time: it ended"));
  }

  /**
   * Kills it as SIGKILL does, in the middle of whatever it is doing, and waits until it is gone.
   */
  public void kill() throws HarbourException, InterruptedException {
    process.destroyForcibly();
    awaitEnd();
  }

  /** Stops its threads with SIGSTOP, and waits until they are. */
  public void stop() throws IOException, InterruptedException {
    signal("STOP");
    Path status = Path.of("/proc/" + pid() + "/status");
    Await.until(
        name + " to be stopped",
        STOP,
        () -> Files.readAllLines(status).stream().anyMatch(line -> line.matches("State:\\s+T.*")));
  }

  /** Has its threads go on. */
  public void resume() throws IOException, InterruptedException {
    signal("CONT");
  }

  private void signal(String signal) throws IOException, InterruptedException {
    // the shell's: a small Debian has no program of that name
    Command.of("sh", "-c", "kill -" + signal + " " + pid()).run();
  }

  /** Asks it to stop, and kills it when it does not. */
  @Override
  public void close() throws HarbourException, InterruptedException {
    process.destroy();
    if (!process.waitFor(STOP.toMillis(), TimeUnit.MILLISECONDS)) {
      kill();
    }
  }

  private void awaitEnd() throws HarbourException, InterruptedException {
    if (!process.waitFor(STOP.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new HarbourException(name + " (process " + pid() + ") does not die");
    }
  }

  private boolean isReady(Await.Condition ready) throws IOException, InterruptedException {
    if (!process.isAlive()) {
      throw new HarbourException(
          "%s ended with exit code %d at start; its log, %s, ends: %s"
              .formatted(name, process.exitValue(), log, Command.tail(log(), 2000)));
    }
    try {
      return ready.holds();
    } catch (IOException notYet) {
      return false;
    }
  }
}
