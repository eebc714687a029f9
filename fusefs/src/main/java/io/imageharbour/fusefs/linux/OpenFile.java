package io.imageharbour.fusefs.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * An open file descriptor, for what needs its number: ioctl, mounts, FUSE passthrough. The calls
 * may be made by several threads at once; nobody may use it after {@link #close}. Always opened
 * with {@code O_CLOEXEC}.
 */
public final class OpenFile implements AutoCloseable {

  /** Flags of open(2). */
  public static final int O_RDONLY = 0;

  public static final int O_WRONLY = 1;
  public static final int O_RDWR = 2;
  public static final int O_CREAT = 0100;
  public static final int O_EXCL = 0200;

  private static final int O_CLOEXEC = 02000000;
  private static final int AT_FDCWD = -100;
  private static final int FALLOC_FL_KEEP_SIZE = 1;
  private static final int SEEK_END = 2;

  private final int number;
  private final String name;
  private final AtomicBoolean closed = new AtomicBoolean();

  private OpenFile(int number, String name) {
    this.number = number;
    this.name = name;
  }

  /** Opens a file or a directory; {@code flags} of open(2). */
  public static OpenFile open(Path path, int flags) throws LinuxException {
    return open(path, flags, 0);
  }

  /** Opens or creates a file; {@code flags} and {@code mode} of open(2). */
  public static OpenFile open(Path path, int flags, int mode) throws LinuxException {
    int number = openAt(AT_FDCWD, path.toString(), flags, mode);
    if (number < 0) {
      throw new LinuxException("open", path.toString(), -number);
    }
    return new OpenFile(number, path.toString());
  }

  /** Takes over a descriptor that this process holds already; {@code name} is for messages. */
  public static OpenFile ofNumber(int number, String name) {
    return new OpenFile(number, name);
  }

  /** Opens or creates a file below this directory. */
  public OpenFile openBelow(String path, int flags, int mode) throws LinuxException {
    return below(path, openAt(number, path, flags, mode));
  }

  /** Opens a file below this directory for reading; empty if there is none. */
  public Optional<OpenFile> findBelow(String path) throws LinuxException {
    int opened = openAt(number, path, O_RDONLY, 0);
    return opened == -Errno.ENOENT ? Optional.empty() : Optional.of(below(path, opened));
  }

  /** The number of the descriptor. */
  public int number() {
    return number;
  }

  /** The file's size in bytes. */
  public long size() throws LinuxException {
    return check("lseek", Libc.lseek(number, 0, SEEK_END));
  }

  /** Reads at the descriptor's position, as read(2): how many bytes came, 0 at the end. */
  public long read(MemorySegment buffer) throws LinuxException {
    return check("read", Libc.read(number, buffer, buffer.byteSize()));
  }

  /**
   * Reads from {@code offset} until the buffer is full or the file ends, and returns how many bytes
   * came.
   */
  public long readAt(long offset, MemorySegment buffer) throws LinuxException {
    long done = 0;
    while (done < buffer.byteSize()) {
      long left = buffer.byteSize() - done;
      long count = check("read", Libc.pread(number, buffer.asSlice(done), left, offset + done));
      if (count == 0) {
        break;
      }
      done += count;
    }
    return done;
  }

  /** Writes the whole buffer in one call, as devices and files in /proc want it. */
  public void write(MemorySegment buffer) throws LinuxException {
    long written = check("write", Libc.write(number, buffer, buffer.byteSize()));
    if (written != buffer.byteSize()) {
      throw new LinuxException("write", name, Errno.EIO);
    }
  }

  /** Writes the whole buffer at {@code offset}. */
  public void writeAt(long offset, MemorySegment buffer) throws LinuxException {
    long done = 0;
    while (done < buffer.byteSize()) {
      long left = buffer.byteSize() - done;
      done += check("write", Libc.pwrite(number, buffer.asSlice(done), left, offset + done));
    }
  }

  /** Sets the file's size, as ftruncate(2). */
  public void truncate(long size) throws LinuxException {
    check("ftruncate", Libc.ftruncate(number, size));
  }

  /**
   * Takes room on the disk for the first {@code length} bytes, so that they can be written later
   * when it is full; the file's size stays, as with fallocate(2).
   */
  public void reserve(long length) throws LinuxException {
    check("fallocate", Libc.fallocate(number, FALLOC_FL_KEEP_SIZE, 0, length));
  }

  /** Sets the file's permissions, as fchmod(2). */
  public void chmod(int mode) throws LinuxException {
    check("fchmod", Libc.fchmod(number, mode));
  }

  /** Sets the permissions of a file below this directory. */
  public void chmodBelow(String path, int mode) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      checkBelow("chmod", path, Libc.fchmodat(number, arena.allocateFrom(path), mode));
    }
  }

  /** Renames a file below this directory to one below another, replacing what is there. */
  public void renameBelow(String from, OpenFile toDirectory, String to) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      checkBelow(
          "rename",
          from,
          Libc.renameat2(
              number, arena.allocateFrom(from), toDirectory.number, arena.allocateFrom(to), 0));
    }
  }

  /** Whether a file of this name is below this directory. */
  public boolean existsBelow(String path) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      int result = Libc.faccessat(number, arena.allocateFrom(path));
      if (result == -Errno.ENOENT) {
        return false;
      }
      checkBelow("access", path, result);
      return true;
    }
  }

  /** Removes a file below this directory. */
  public void unlinkBelow(String path) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      checkBelow("unlink", path, Libc.unlinkat(number, arena.allocateFrom(path)));
    }
  }

  /** Makes durable whatever was written to the file system that the file lies on, as syncfs(2). */
  public void syncFileSystem() throws LinuxException {
    check("syncfs", Libc.syncfs(number));
  }

  /** ioctl(2) with a number as its argument. */
  public int ioctl(String call, long request, long argument) throws LinuxException {
    return (int) check(call, Libc.ioctl(number, request, argument));
  }

  /** ioctl(2) with a pointer as its argument. */
  public int ioctl(String call, long request, MemorySegment argument) throws LinuxException {
    return (int) check(call, Libc.ioctl(number, request, argument));
  }

  /** The type of the file system that the file lies on, as in statfs(2). */
  public long fileSystemType() throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment statfs = arena.allocate(256);
      check("fstatfs", Libc.fstatfs(number, statfs));
      return statfs.get(JAVA_LONG, 0);
    }
  }

  /** Closes the descriptor; a second call does nothing. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      // Linux frees the number whatever close(2) returns, and nothing here relies on its errors
      int unused = Libc.close(number);
    }
  }

  @Override
  public String toString() {
    return name;
  }

  private static int openAt(int directory, String path, int flags, int mode) {
    try (Arena arena = Arena.ofConfined()) {
      return Libc.openat(directory, arena.allocateFrom(path), flags | O_CLOEXEC, mode);
    }
  }

  private OpenFile below(String path, int opened) throws LinuxException {
    checkBelow("open", path, opened);
    return new OpenFile(opened, name + "/" + path);
  }

  private void checkBelow(String call, String path, int result) throws LinuxException {
    if (result < 0) {
      throw new LinuxException(call, name + "/" + path, -result);
    }
  }

  private long check(String call, long result) throws LinuxException {
    if (result < 0) {
      throw new LinuxException(call, name, (int) -result);
    }
    return result;
  }
}
