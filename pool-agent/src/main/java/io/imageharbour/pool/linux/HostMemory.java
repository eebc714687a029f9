package io.imageharbour.pool.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How much memory this host has left. */
public final class HostMemory {

  private static final Path MEMINFO = Path.of("/proc/meminfo");
  private static final String AVAILABLE = "MemAvailable:";

  private HostMemory() {}

  /**
   * An estimate of how much can be taken without swapping, in bytes.
   *
   * @see <a href="https://docs.kernel.org/filesystems/proc.html#meminfo">proc, meminfo</a>
   */
  public static long available() throws IOException {
    for (String line : Files.readAllLines(MEMINFO)) {
      if (line.startsWith(AVAILABLE)) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    throw new IOException(MEMINFO + " does not say how much memory is available");
  }
}
