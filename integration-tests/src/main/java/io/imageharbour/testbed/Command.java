package io.imageharbour.testbed;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * A program to run to its end, with a limit of time and its output captured. Immutable; each {@code
 * with…} answers a changed copy.
 *
 * @param arguments the program and its arguments
 * @param environment variables that the program gets besides those of this process
 * @param timeout after which the program is killed and the run has failed
 */
public record Command(List<String> arguments, Map<String, String> environment, Duration timeout) {

  private static final Duration DEFAULT_TIMEOUT = Duration.ofMinutes(2);

  public Command {
    arguments = List.copyOf(arguments);
    environment = Map.copyOf(environment);
  }

  /** What a program that ended left. */
  public record Output(int exit, byte[] bytes, String errors) {

    /** The standard output as UTF-8 without surrounding white space. */
    public String text() {
      return new String(bytes, StandardCharsets.UTF_8).strip();
    }
  }

  public static Command of(Object... arguments) {
    return new Command(strings(arguments), Map.of(), DEFAULT_TIMEOUT);
  }

  public Command withArguments(Object... more) {
    List<String> all = new ArrayList<>(arguments);
    all.addAll(strings(more));
    return new Command(all, environment, timeout);
  }

  public Command withEnvironment(String name, String value) {
    Map<String, String> all = new TreeMap<>(environment);
    all.put(name, value);
    return new Command(arguments, all, timeout);
  }

  public Command withTimeout(Duration limit) {
    return new Command(arguments, environment, limit);
  }

  /** Runs the program and answers its output; any other exit code than 0 is an exception. */
  public Output run() throws CommandFailedException, InterruptedException {
    Output output = attempt();
    if (output.exit != 0) {
      throw new CommandFailedException(
          "%s: exit code %d: %s"
              .formatted(this, output.exit, tail(output.errors + output.text(), 2000)));
    }
    return output;
  }

  /** Runs the program and answers its output, whatever its exit code. */
  public Output attempt() throws CommandFailedException, InterruptedException {
    Process process = start();
    try {
      process.getOutputStream().close();
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      ByteArrayOutputStream err = new ByteArrayOutputStream();
      Thread readOut = copy(process.getInputStream(), out);
      Thread readErr = copy(process.getErrorStream(), err);
      if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
        throw new CommandFailedException(
            "%s: still running after %d s, killed: %s"
                .formatted(
                    this, timeout.toSeconds(), tail(err.toString(StandardCharsets.UTF_8), 2000)));
      }
      readOut.join();
      readErr.join();
      return new Output(
          process.exitValue(), out.toByteArray(), err.toString(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new CommandFailedException(this + ": " + e.getMessage(), e);
    } finally {
      process.destroyForcibly();
    }
  }

  /** Starts the program with pipes to it; the caller sees to its end. */
  public Process start() throws CommandFailedException {
    ProcessBuilder builder = new ProcessBuilder(arguments);
    builder.environment().putAll(environment);
    try {
      return builder.start();
    } catch (IOException e) {
      throw new CommandFailedException(
          "cannot start %s: %s; is its package installed?".formatted(this, e.getMessage()), e);
    }
  }

  /** The command line as one would type it. */
  @Override
  public String toString() {
    return String.join(" ", arguments);
  }

  static String tail(String text, int limit) {
    String stripped = text.strip();
    return stripped.length() <= limit
        ? stripped
        : "…" + stripped.substring(stripped.length() - limit);
  }

  private static Thread copy(InputStream from, ByteArrayOutputStream to) {
    return Thread.ofVirtual()
        .name("command-output")
        .start(
            () -> {
              try (from) {
                from.transferTo(to);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
  }

  private static List<String> strings(Object... arguments) {
    return List.of(arguments).stream().map(Command::string).toList();
  }

  private static String string(Object argument) {
    return argument instanceof Path path ? path.toString() : String.valueOf(argument);
  }
}
