package io.imageharbour.fusefs;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs real programs: whatever touches a FUSE mount by mmap must not be this JVM, which serves it.
 */
public final class Commands {

  private Commands() {}

  /** What a program that ended well printed. */
  public static String run(String... command) throws IOException, InterruptedException {
    Result result = result(command);
    if (result.status() != 0) {
      throw new IOException(List.of(command) + " ended with " + result);
    }
    return result.output();
  }

  /** How a program ended. */
  public static Result result(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IOException(List.of(command) + " does not end");
    }
    return new Result(process.exitValue(), output);
  }

  /** Exit status, standard output and standard error of a program. */
  public record Result(int status, String output) {}
}
