package io.imageharbour.testbed.tree;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the C library says of files: the parts that {@code java.nio.file} leaves out, and names that
 * are no text. Names are strings of ISO 8859-1, one character a byte. For one thread.
 */
public final class LinuxFiles implements AutoCloseable {

  private static final Linker LINKER = Linker.nativeLinker();
  private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
  private static final VarHandle ERRNO_VALUE =
      Linker.Option.captureStateLayout().varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private static final MethodHandle STATX =
      function("statx", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS);
  private static final MethodHandle LLISTXATTR =
      function("llistxattr", JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG);
  private static final MethodHandle LGETXATTR =
      function("lgetxattr", JAVA_LONG, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG);
  private static final MethodHandle READLINK =
      function("readlink", JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG);
  private static final MethodHandle GETDENTS =
      function("getdents64", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
  private static final MethodHandle OPEN = function("open", JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle READ =
      function("read", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
  private static final MethodHandle MOUNT =
      function("mount", JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS);
  private static final MethodHandle CLOSE = function("close", JAVA_INT, JAVA_INT);

  private static final int AT_FDCWD = -100;
  private static final int AT_SYMLINK_NOFOLLOW = 0x100;
  private static final int STATX_BASIC_STATS = 0x7ff;
  private static final int STATX_BYTES = 256;
  private static final int O_DIRECTORY =
      System.getProperty("os.arch").equals("aarch64") ? 0x4000 : 0x10000;
  private static final int O_CLOEXEC = 0x80000;
  private static final int BUFFER_BYTES = 1 << 17;

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
  private final MemorySegment buffer = arena.allocate(BUFFER_BYTES);
  private final MemorySegment path = arena.allocate(1 << 13);
  private final MemorySegment name = arena.allocate(256);

  /**
   * The numbers of a file.
   *
   * @param mode type and permissions as in {@code st_mode}
   * @param device of a device node, {@code major:minor}
   * @param modified seconds and nanoseconds, {@code 1234.000000005}
   */
  record Status(
      int mode,
      int links,
      int uid,
      int gid,
      long inode,
      long size,
      String device,
      String modified) {}

  /** Names in a directory without "." and "..". */
  List<String> list(String directory) throws IOException {
    int descriptor = (int) call(OPEN, "open", directory, path(directory), O_CLOEXEC | O_DIRECTORY);
    try {
      List<String> names = new ArrayList<>();
      long length = fill(GETDENTS, "getdents64", directory, descriptor);
      while (length > 0) {
        // struct linux_dirent64: ino (8 bytes), off (8), reclen (2), type (1), name
        for (long at = 0; at < length; at += buffer.get(ValueLayout.JAVA_SHORT, at + 16)) {
          names.add(buffer.getString(at + 19, StandardCharsets.ISO_8859_1));
        }
        length = fill(GETDENTS, "getdents64", directory, descriptor);
      }
      names.removeAll(List.of(".", ".."));
      return names;
    } finally {
      call(CLOSE, "close", directory, descriptor);
    }
  }

  Status status(String file) throws IOException {
    call(
        STATX,
        "statx",
        file,
        AT_FDCWD,
        path(file),
        AT_SYMLINK_NOFOLLOW,
        STATX_BASIC_STATS,
        buffer.asSlice(0, STATX_BYTES));
    return new Status(
        buffer.get(ValueLayout.JAVA_SHORT, 28) & 0xffff,
        buffer.get(JAVA_INT, 16),
        buffer.get(JAVA_INT, 20),
        buffer.get(JAVA_INT, 24),
        buffer.get(JAVA_LONG, 32),
        buffer.get(JAVA_LONG, 40),
        buffer.get(JAVA_INT, 128) + ":" + buffer.get(JAVA_INT, 132),
        "%d.%09d".formatted(buffer.get(JAVA_LONG, 112), buffer.get(JAVA_INT, 120)));
  }

  String linkTarget(String file) throws IOException {
    long length = (long) call(READLINK, "readlink", file, path(file), buffer, (long) BUFFER_BYTES);
    return latin1(length);
  }

  /** Extended attributes: names and values. */
  public SortedMap<String, String> xattrs(String file) throws IOException {
    long length =
        (long) call(LLISTXATTR, "llistxattr", file, path(file), buffer, (long) BUFFER_BYTES);
    SortedMap<String, String> xattrs = new TreeMap<>();
    for (String key : latin1(length).split("\0")) {
      if (!key.isEmpty()) {
        name.setString(0, key, StandardCharsets.ISO_8859_1);
        long size =
            (long)
                call(
                    LGETXATTR,
                    "lgetxattr " + key,
                    file,
                    path(file),
                    name,
                    buffer,
                    (long) BUFFER_BYTES);
        xattrs.put(key, latin1(size));
      }
    }
    return xattrs;
  }

  /** SHA-256 of a regular file's contents, read to the end. */
  Digest content(String file) throws IOException {
    int descriptor = (int) call(OPEN, "open", file, path(file), O_CLOEXEC);
    try {
      MessageDigest sha256 = Digest.newMessageDigest();
      long length = fill(READ, "read", file, descriptor);
      while (length > 0) {
        sha256.update(buffer.asSlice(0, length).asByteBuffer());
        length = fill(READ, "read", file, descriptor);
      }
      return Digest.fromBytes(sha256.digest());
    } finally {
      call(CLOSE, "close", file, descriptor);
    }
  }

  /**
   * Mounts an overlay as containerd does, with one system call: mount(8) cuts long options.
   *
   * @param options as overlayfs takes them, separated by commas
   */
  public void mountOverlay(Path target, String options) throws IOException {
    try (Arena call = Arena.ofConfined()) {
      MemorySegment type = call.allocateFrom("overlay");
      call(
          MOUNT,
          "mount " + options,
          target.toString(),
          type,
          call.allocateFrom(target.toString()),
          type,
          0L,
          call.allocateFrom(options));
    }
  }

  @Override
  public void close() {
    arena.close();
  }

  private long fill(MethodHandle function, String what, String file, int descriptor)
      throws IOException {
    return (long) call(function, what, file, descriptor, buffer, (long) BUFFER_BYTES);
  }

  private String latin1(long length) {
    byte[] bytes = buffer.asSlice(0, length).toArray(JAVA_BYTE);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private MemorySegment path(String file) {
    path.setString(0, file, StandardCharsets.ISO_8859_1);
    return path;
  }

  /** Calls a function whose negative result is a failure. */
  private Object call(MethodHandle function, String what, String file, Object... arguments)
      throws IOException {
    Object[] all = new Object[arguments.length + 1];
    all[0] = state;
    System.arraycopy(arguments, 0, all, 1, arguments.length);
    Object result;
    try {
      result = (Object) function.invokeExact(all);
    } catch (Throwable e) {
      throw new AssertionError("the linker throws nothing of its own", e);
    }
    if (((Number) result).longValue() < 0) {
      throw new HarbourException("%s %s: errno %d".formatted(what, file, errno()));
    }
    return result;
  }

  private int errno() {
    return (int) ERRNO_VALUE.get(state, 0L);
  }

  /** A handle that takes all its arguments, the capture of errno first, as one array. */
  private static MethodHandle function(String name, ValueLayout result, ValueLayout... parameters) {
    MethodHandle exact =
        LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow(name),
            FunctionDescriptor.of(result, parameters),
            ERRNO);
    return exact
        .asType(exact.type().changeReturnType(Object.class))
        .asSpreader(Object[].class, exact.type().parameterCount());
  }
}
