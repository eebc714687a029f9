package io.imageharbour.fusefs.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The functions that look at files. Apart from {@link Libc} because {@code harbourd} does not need
 * them, and each takes a moment to bind. They return what those of {@link Libc} do.
 */
final class FileCalls {

  private static final MethodHandle STATX =
      Libc.bind("statx", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS);
  private static final MethodHandle GETDENTS64 =
      Libc.bind("getdents64", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
  private static final MethodHandle READLINKAT =
      Libc.bind("readlinkat", JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG);
  private static final MethodHandle LLISTXATTR =
      Libc.bind("llistxattr", JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG);
  private static final MethodHandle LGETXATTR =
      Libc.bind("lgetxattr", JAVA_LONG, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG);

  private FileCalls() {}

  static int statx(int directory, MemorySegment path, int flags, int mask, MemorySegment buffer) {
    return (int)
        Libc.call(errno -> (int) STATX.invokeExact(errno, directory, path, flags, mask, buffer));
  }

  static long getdents64(int fd, MemorySegment buffer, long length) {
    return Libc.call(errno -> (long) GETDENTS64.invokeExact(errno, fd, buffer, length));
  }

  static long readlinkat(int directory, MemorySegment path, MemorySegment buffer, long length) {
    return Libc.call(
        errno -> (long) READLINKAT.invokeExact(errno, directory, path, buffer, length));
  }

  static long llistxattr(MemorySegment path, MemorySegment buffer, long length) {
    return Libc.call(errno -> (long) LLISTXATTR.invokeExact(errno, path, buffer, length));
  }

  static long lgetxattr(MemorySegment path, MemorySegment name, MemorySegment buffer, long length) {
    return Libc.call(errno -> (long) LGETXATTR.invokeExact(errno, path, name, buffer, length));
  }
}
