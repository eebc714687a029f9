package io.imageharbour.packaging.training;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A run of one of the programs that leaves an AOT cache when it ends. Closed before it has
 * {@linkplain #awaitEnd ended}, it is killed and leaves none.
 */
final class TrainedProgram implements AutoCloseable {

  /** The cache is made by the program's own Java, after the last that the program does. */
  private static final int END_SECONDS = 300;

  private final String name;
  private final Path cache;
  private final Process process;

  private TrainedProgram(String name, Path cache, Process process) {
    this.name = name;
    this.cache = cache;
    this.process = process;
  }

  /**
   * Starts a program, with nothing of what this user or machine has configured.
   *
   * @param executable the program's start script
   * @param cache to be made
   * @param home stands for the user's home directory, and should be empty
   */
  static TrainedProgram start(Path executable, Path cache, Path home, Object... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(List.of(executable.toString()));
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
    Map<String, String> environment = builder.environment();
    environment.put("HARBOUR_JAVA_OPTIONS", "-XX:AOTCacheOutput=" + cache);
    environment.put("DOCKER_CONFIG", home.toString());
    environment.remove("NOTIFY_SOCKET");
    return new TrainedProgram(executable.getFileName().toString(), cache, builder.start());
  }

  /** Whether it has not ended. */
  boolean isRunning() {
    return process.isAlive();
  }

  /** Asks it to stop, with SIGTERM. */
  void stop() {
    process.destroy();
  }

  /**
   * Waits until it has ended and its cache is there.
   *
   * @throws IOException if it failed, or takes more than five minutes
   */
  void awaitEnd() throws IOException, InterruptedException {
    if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
      throw new IOException(name + " has not ended after " + END_SECONDS + " s");
    }
    if (process.exitValue() != 0) {
      throw new IOException(name + " ended with exit code " + process.exitValue());
    }
    if (!Files.exists(cache)) {
      throw new IOException(name + " has left no AOT cache " + cache);
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
