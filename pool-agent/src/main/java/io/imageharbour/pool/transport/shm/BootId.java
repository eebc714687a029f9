package io.imageharbour.pool.transport.shm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Tells one host from another. */
final class BootId {

  private BootId() {}

  /**
   * The boot ID of this host's kernel, the same in all containers.
   *
   * @see <a href="https://man7.org/linux/man-pages/man5/proc_sys_kernel.5.html">proc, random</a>
   */
  static String read() throws IOException {
    return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
  }
}
