package io.imageharbour.fusefs.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * A block device over a file, read-only. The kernel takes it down by itself (LO_FLAGS_AUTOCLEAR)
 * when nobody has it open or mounted any more: attach, mount, close.
 *
 * @see <a href="https://man7.org/linux/man-pages/man4/loop.4.html">loop(4)</a>
 */
public final class LoopDevice implements AutoCloseable {

  private static final long LOOP_CTL_GET_FREE = 0x4C82;
  private static final long LOOP_CONFIGURE = 0x4C0A;
  private static final int LO_FLAGS_READ_ONLY = 1;
  private static final int LO_FLAGS_AUTOCLEAR = 4;

  /** {@code struct loop_config} with the {@code struct loop_info64} in it. */
  private static final MemoryLayout LOOP_CONFIG =
      MemoryLayout.structLayout(
          JAVA_INT.withName("fd"),
          JAVA_INT.withName("block_size"),
          MemoryLayout.sequenceLayout(5, JAVA_LONG).withName("device_to_sizelimit"),
          MemoryLayout.sequenceLayout(3, JAVA_INT).withName("number_to_key_size"),
          JAVA_INT.withName("flags"),
          MemoryLayout.sequenceLayout(64 + 64 + 32, JAVA_BYTE).withName("names_and_key"),
          MemoryLayout.sequenceLayout(2, JAVA_LONG).withName("init"),
          MemoryLayout.sequenceLayout(8, JAVA_LONG).withName("reserved"));

  private static final long FD = LOOP_CONFIG.byteOffset(PathElement.groupElement("fd"));
  private static final long FLAGS = LOOP_CONFIG.byteOffset(PathElement.groupElement("flags"));

  /** Another process may take the free device before we do; so often do we look for the next. */
  private static final int ATTEMPTS = 64;

  private final OpenFile device;
  private final Path path;

  private LoopDevice(OpenFile device, Path path) {
    this.device = device;
    this.path = path;
  }

  /**
   * Makes a free loop device show this file.
   *
   * @throws LinuxException if there is no {@code /dev/loop-control}, no device is free, or the file
   *     can't be read
   */
  public static LoopDevice attachReadOnly(Path file) throws LinuxException {
    try (OpenFile control = OpenFile.open(Path.of("/dev/loop-control"), OpenFile.O_RDWR);
        OpenFile backing = OpenFile.open(file, OpenFile.O_RDONLY);
        Arena arena = Arena.ofConfined()) {
      MemorySegment config = arena.allocate(LOOP_CONFIG);
      config.set(JAVA_INT, FD, backing.number());
      config.set(JAVA_INT, FLAGS, LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR);
      for (int attempt = 1; ; attempt++) {
        int number = control.ioctl("LOOP_CTL_GET_FREE", LOOP_CTL_GET_FREE, 0);
        Path path = Path.of("/dev/loop" + number);
        OpenFile device = OpenFile.open(path, OpenFile.O_RDONLY);
        try {
          device.ioctl("LOOP_CONFIGURE", LOOP_CONFIGURE, config);
          return new LoopDevice(device, path);
        } catch (LinuxException e) {
          device.close();
          if (e.errno() != Errno.EBUSY || attempt == ATTEMPTS) {
            throw e;
          }
        }
      }
    }
  }

  /** The device file, such as {@code /dev/loop3}. */
  public Path path() {
    return path;
  }

  /** Lets go of the device; it disappears unless it is mounted. */
  @Override
  public void close() {
    device.close();
  }
}
