package io.imageharbour.fusefs.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.imageharbour.indexer.FileName;
import io.imageharbour.indexer.Xattr;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * An open directory, whose files are looked at by their names in it: what {@code java.nio.file}
 * leaves out, for names of any bytes and however long the path is. Symbolic links are never
 * followed. For one thread.
 */
public final class OpenDirectory implements AutoCloseable {

  private static final int AT_SYMLINK_NOFOLLOW = 0x100;
  private static final int STATX_BASIC_STATS = 0x7ff;
  private static final int STATX_BYTES = 256;

  private static final boolean AARCH64 = System.getProperty("os.arch").equals("aarch64");
  private static final int O_DIRECTORY = AARCH64 ? 0x4000 : 0x10000;
  private static final int O_NOFOLLOW = AARCH64 ? 0x8000 : 0x20000;
  private static final int O_CLOEXEC = 02000000;

  /** As much as a name, a value or a target can take, and many names at once. */
  private static final int BUFFER_BYTES = 1 << 17;

  private final OpenFile directory;
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment buffer = arena.allocate(BUFFER_BYTES, 8);
  private final MemorySegment self = arena.allocateFrom(".");
  private final MemorySegment name = arena.allocate(FileName.MAX_BYTES + 1);

  private OpenDirectory(OpenFile directory) {
    this.directory = directory;
  }

  /** Opens a directory; a symbolic link to one counts, too. */
  public static OpenDirectory open(Path path) throws LinuxException {
    return new OpenDirectory(OpenFile.open(path, OpenFile.O_RDONLY | O_DIRECTORY));
  }

  /** Opens a directory in this one. */
  public OpenDirectory openDirectory(FileName child) throws LinuxException {
    return new OpenDirectory(openAt(child, O_DIRECTORY));
  }

  /** Opens a file in this directory for reading. */
  public OpenFile openFile(FileName child) throws LinuxException {
    return openAt(child, OpenFile.O_RDONLY);
  }

  /** The names in this directory, as they come; not "." and "..". */
  public List<FileName> list() throws LinuxException {
    List<FileName> names = new ArrayList<>();
    long length =
        check("getdents64", FileCalls.getdents64(directory.number(), buffer, BUFFER_BYTES));
    while (length > 0) {
      // struct linux_dirent64: ino (8 bytes), off (8), reclen (2), type (1), name
      long at = 0;
      while (at < length) {
        byte[] found = untilNul(at + 19);
        if (!isDots(found)) {
          names.add(FileName.of(found));
        }
        at += buffer.get(JAVA_SHORT, at + 16) & 0xffff;
      }
      length = check("getdents64", FileCalls.getdents64(directory.number(), buffer, BUFFER_BYTES));
    }
    return names;
  }

  /** What this directory itself is. */
  public FileStatus status() throws LinuxException {
    check("statx", statx(self));
    return readStatus();
  }

  /** What a file in this directory is. */
  public FileStatus status(FileName child) throws LinuxException {
    check("statx", child, statx(set(child)));
    return readStatus();
  }

  /** Where a symbolic link in this directory points. */
  public byte[] linkTarget(FileName child) throws LinuxException {
    long length =
        check(
            "readlink",
            child,
            FileCalls.readlinkat(directory.number(), set(child), buffer, BUFFER_BYTES));
    return buffer.asSlice(0, length).toArray(JAVA_BYTE);
  }

  /** The extended attributes of this directory itself; none where the file system has none. */
  public List<Xattr> xattrs() throws LinuxException {
    return xattrs(new byte[] {'.'});
  }

  /** The extended attributes of a file in this directory; none where the file system has none. */
  public List<Xattr> xattrs(FileName child) throws LinuxException {
    return xattrs(child.toBytes());
  }

  @Override
  public void close() {
    arena.close();
    directory.close();
  }

  /** There is no call for a name in an open directory: the path goes through {@code /proc}. */
  private List<Xattr> xattrs(byte[] child) throws LinuxException {
    byte[] prefix =
        ("/proc/self/fd/" + directory.number() + "/").getBytes(StandardCharsets.US_ASCII);
    try (Arena call = Arena.ofConfined()) {
      MemorySegment path = call.allocate(prefix.length + child.length + 1L);
      path.copyFrom(MemorySegment.ofArray(prefix));
      path.asSlice(prefix.length).copyFrom(MemorySegment.ofArray(child));
      long length = FileCalls.llistxattr(path, buffer, BUFFER_BYTES);
      if (length == -Errno.EOPNOTSUPP) {
        return List.of();
      }
      check("llistxattr", child, length);
      List<Xattr> xattrs = new ArrayList<>();
      for (String key : names(length)) {
        long size = FileCalls.lgetxattr(path, call.allocateFrom(key), buffer, BUFFER_BYTES);
        check("lgetxattr " + key, child, size);
        xattrs.add(new Xattr(key, buffer.asSlice(0, size).toArray(JAVA_BYTE)));
      }
      return xattrs;
    }
  }

  private List<String> names(long length) {
    List<String> names = new ArrayList<>();
    long at = 0;
    while (at < length) {
      byte[] found = untilNul(at);
      names.add(new String(found, StandardCharsets.UTF_8));
      at += found.length + 1L;
    }
    return names;
  }

  private int statx(MemorySegment path) {
    return FileCalls.statx(
        directory.number(),
        path,
        AT_SYMLINK_NOFOLLOW,
        STATX_BASIC_STATS,
        buffer.asSlice(0, STATX_BYTES));
  }

  /** {@code struct statx} of {@code include/uapi/linux/stat.h}. */
  private FileStatus readStatus() {
    return new FileStatus(
        buffer.get(JAVA_SHORT, 28) & 0xffff,
        buffer.get(JAVA_INT, 16),
        buffer.get(JAVA_INT, 20),
        buffer.get(JAVA_INT, 24),
        buffer.get(JAVA_LONG, 32),
        (long) buffer.get(JAVA_INT, 136) << 32 | buffer.get(JAVA_INT, 140),
        buffer.get(JAVA_LONG, 40),
        buffer.get(JAVA_LONG, 112),
        buffer.get(JAVA_INT, 120),
        buffer.get(JAVA_INT, 128),
        buffer.get(JAVA_INT, 132));
  }

  private OpenFile openAt(FileName child, int flags) throws LinuxException {
    int opened = Libc.openat(directory.number(), set(child), flags | O_NOFOLLOW | O_CLOEXEC, 0);
    check("open", child, opened);
    return OpenFile.ofNumber(opened, directory + "/" + child);
  }

  private MemorySegment set(FileName child) {
    byte[] bytes = child.toBytes();
    MemorySegment.copy(bytes, 0, name, JAVA_BYTE, 0, bytes.length);
    name.set(JAVA_BYTE, bytes.length, (byte) 0);
    return name;
  }

  private byte[] untilNul(long start) {
    long end = start;
    while (buffer.get(JAVA_BYTE, end) != 0) {
      end++;
    }
    return buffer.asSlice(start, end - start).toArray(JAVA_BYTE);
  }

  private static boolean isDots(byte[] found) {
    return found[0] == '.' && (found.length == 1 || (found.length == 2 && found[1] == '.'));
  }

  private long check(String call, long result) throws LinuxException {
    if (result < 0) {
      throw new LinuxException(call, directory.toString(), (int) -result);
    }
    return result;
  }

  private long check(String call, FileName child, long result) throws LinuxException {
    return check(call, child.toBytes(), result);
  }

  private long check(String call, byte[] child, long result) throws LinuxException {
    if (result < 0) {
      throw new LinuxException(
          call, directory + "/" + new String(child, StandardCharsets.UTF_8), (int) -result);
    }
    return result;
  }
}
