package io.imageharbour.pool.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** How much memory this host has left. */
public final class HostMemory {

  private static final Path MEMINFO = Path.of("/proc/meminfo");

  private HostMemory() {}

  /**
   * An estimate of how much can be taken without swapping, in bytes.
   *
   * @see <a href="https://docs.kernel.org/filesystems/proc.html#meminfo">proc, meminfo</a>
   */
  public static long available() throws IOException {
    return find("MemAvailable:")
            .orElseThrow(
                () -> new IOException(MEMINFO + " does not say how much memory is available"))
        << 10;
  }

  /** Huge pages that nobody has, which do not count as available, in bytes. */
  public static long freeHugePages() throws IOException {
    return find("HugePages_Free:").orElse(0) * (find("Hugepagesize:").orElse(0) << 10);
  }

  private static OptionalLong find(String name) throws IOException {
    return Files.readAllLines(MEMINFO).stream()
        .filter(line -> line.startsWith(name))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .findFirst();
  }
}
