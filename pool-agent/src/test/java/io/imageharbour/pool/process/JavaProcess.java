package io.imageharbour.pool.process;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A program of the tests in a process of its own, which can be stopped and killed. It says one line
 * that begins with {@link #READY} when it is ready; what it says besides goes nowhere.
 */
public final class JavaProcess implements AutoCloseable {

  /** What the program prints first, and after it what the test wants to know. */
  public static final String READY = "ready ";

  private final Process process;
  private final String said;

  private JavaProcess(Process process, String said) {
    this.process = process;
    this.said = said;
  }

  /** What runs the program of a class with the options and the class path of this process. */
  public static List<String> command(Class<?> main, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(System.getProperty("java.home") + "/bin/java");
    for (String option : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      // a port or a file that only one process can have
      if (!option.startsWith("-agentlib") && !option.startsWith("-javaagent")) {
        command.add(option);
      }
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(List.of(arguments));
    return command;
  }

  /** Starts the program of this class, with the options and the class path of this process. */
  public static JavaProcess start(Class<?> main, String... arguments) throws IOException {
    Process process =
        new ProcessBuilder(command(main, arguments))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
    String line;
    do {
      line = out.readLine();
      if (line == null) {
        process.destroyForcibly();
        throw new IOException(main.getSimpleName() + " did not start");
      }
    } while (!line.startsWith(READY));
    Thread unused = Thread.ofVirtual().start(() -> drain(out));
    return new JavaProcess(process, line.substring(READY.length()));
  }

  /** What it said when it was ready. */
  public String said() {
    return said;
  }

  /** Its process ID. */
  public long pid() {
    return process.pid();
  }

  /** Stops its threads. */
  public void stop() throws IOException, InterruptedException {
    Signals.stop(pid());
  }

  /** Has its threads go on. */
  public void resume() throws IOException, InterruptedException {
    Signals.resume(pid());
  }

  /** Kills it and waits until it is gone. */
  public void kill() throws InterruptedException {
    int unused = process.destroyForcibly().waitFor();
  }

  @Override
  public void close() throws InterruptedException {
    kill();
  }

  private static void drain(BufferedReader out) {
    try (out) {
      while (out.readLine() != null) {
        Thread.onSpinWait();
      }
    } catch (IOException e) {
      // it was killed
    }
  }
}
