package io.imageharbour.packaging.training;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
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

  private static final Duration START = Duration.ofSeconds(60);

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

  /**
   * Waits until it has made this file or socket, which shows that it has started.
   *
   * @throws IOException if it ended, or takes more than a minute
   */
  void await(Path made) throws IOException, InterruptedException {
    long begin = System.nanoTime();
    while (!Files.exists(made)) {
      if (!process.isAlive() || System.nanoTime() - begin > START.toNanos()) {
        throw new IOException(name + " did not start for its training");
      }
      Thread.sleep(10);
    }
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
