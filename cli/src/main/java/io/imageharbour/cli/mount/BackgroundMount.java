package io.imageharbour.cli.mount;

import io.imageharbour.indexer.HarbourException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * A mount that another process serves: one with the same JVM, flags and arguments as this one. It
 * keeps this one's terminal until it has mounted, so that people see its progress and its errors.
 */
public final class BackgroundMount {

  /** The option that makes the command that process. */
  public static final String OPTION = "--in-background";

  private BackgroundMount() {}

  /**
   * Starts the process and waits until it has mounted, or failed.
   *
   * @param mainClass of this process
   * @param subcommand the argument that the option is put behind
   * @param out is given what it says of its mount
   * @return 0 when it has mounted, else what it ended with
   */
  public static int start(String mainClass, String subcommand, OutputStream out)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command(ownCommand(), mainClass, subcommand))
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    CompletableFuture<byte[]> said = new CompletableFuture<>();
    Thread.ofVirtual().name("background-output").start(() -> read(process, said));
    try {
      byte[] summary = said.get();
      out.write(summary);
      out.flush();
      return summary.length > 0 ? 0 : process.waitFor();
    } catch (ExecutionException e) {
      process.destroy();
      throw new HarbourException("can't read what the process in the background says", e);
    } catch (IOException | InterruptedException e) {
      // this one was asked to end, or nobody learns of the mount
      process.destroy();
      throw e;
    }
  }

  /** Until the end, which comes when it has mounted or when it has failed. */
  private static void read(Process process, CompletableFuture<byte[]> said) {
    try (InputStream output = process.getInputStream()) {
      said.complete(output.readAllBytes());
    } catch (IOException e) {
      said.completeExceptionally(e);
    }
  }

  /** The command line of this process, as it was given to execve(2). */
  private static List<String> ownCommand() throws IOException {
    String line = Files.readString(Path.of("/proc/self/cmdline"), StandardCharsets.UTF_8);
    return List.of(line.substring(0, line.length() - 1).split("\0", -1));
  }

  static List<String> command(List<String> own, String mainClass, String subcommand)
      throws HarbourException {
    int main = own.indexOf(mainClass);
    int behind = main < 0 ? -1 : own.subList(main, own.size()).indexOf(subcommand);
    if (behind < 0) {
      throw new HarbourException(
          "can't start myself in the background, as I was started in a way that I don't know; use --foreground");
    }
    List<String> command = new ArrayList<>(own);
    command.add(main + behind + 1, OPTION);
    return command;
  }
}
