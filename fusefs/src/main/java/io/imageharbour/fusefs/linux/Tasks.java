package io.imageharbour.fusefs.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;

/** What the kernel says of the threads of this machine's processes. */
public final class Tasks {

  private static final long SIGKILL = 1L << (9 - 1);

  private Tasks() {}

  /**
   * Whether a thread dies as soon as it leaves the kernel: of a signal that ends a process, the
   * kernel makes a SIGKILL for each of its threads. False if nothing is known of it.
   *
   * @param id of the thread, as this process sees it
   */
  public static boolean isKilled(int id) {
    try {
      return Files.readAllLines(Path.of("/proc/" + id + "/status"), StandardCharsets.ISO_8859_1)
          .stream()
          .filter(line -> line.startsWith("SigPnd:") || line.startsWith("ShdPnd:"))
          .mapToLong(line -> HexFormat.fromHexDigitsToLong(line.substring(8).strip()))
          .anyMatch(pending -> (pending & SIGKILL) != 0);
    } catch (IOException e) {
      return false;
    }
  }
}
