package io.imageharbour.cli;

import io.imageharbour.cli.progress.BarProgress;
import io.imageharbour.cli.progress.LineProgress;
import io.imageharbour.cli.progress.Progress;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a command talks to: results go to {@code out}, everything else to {@code err}.
 *
 * @param out standard output; unlike {@link System#out} it throws when nobody reads it any more
 * @param err standard error
 * @param outIsTerminal whether a person reads {@code out}
 * @param errIsTerminal whether a person reads {@code err}
 * @param colour whether that person wants colours ({@code NO_COLOR} and {@code TERM} say so)
 */
record Streams(
    OutputStream out,
    PrintStream err,
    boolean outIsTerminal,
    boolean errIsTerminal,
    boolean colour) {

  /** The streams of this process. */
  static Streams ofProcess() {
    Map<String, String> environment = System.getenv();
    boolean capable = !environment.getOrDefault("TERM", "dumb").equals("dumb");
    return new Streams(
        new BufferedOutputStream(StandardOutput.ofProcess(), 1 << 16),
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
        isTerminal(1),
        isTerminal(2) && capable,
        capable && environment.getOrDefault("NO_COLOR", "").isEmpty());
  }

  /** Text to standard output, in UTF-8; to be flushed. */
  Writer text() {
    return new OutputStreamWriter(out, StandardCharsets.UTF_8);
  }

  /**
   * Progress on standard error.
   *
   * @param verbose whether log lines come too, between which no bar can stay
   */
  Progress progress(boolean verbose) {
    return errIsTerminal && !verbose
        ? new BarProgress(err)
        : new LineProgress(err, System::nanoTime);
  }

  /** Without a call of a native function: Linux shows what a descriptor is. */
  private static boolean isTerminal(int descriptor) {
    try {
      String file =
          Files.readSymbolicLink(Path.of("/proc/self/fd", Integer.toString(descriptor))).toString();
      return file.startsWith("/dev/pts/")
          || file.startsWith("/dev/tty")
          || file.equals("/dev/console");
    } catch (IOException e) {
      return false;
    }
  }
}
