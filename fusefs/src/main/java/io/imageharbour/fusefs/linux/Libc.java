package io.imageharbour.fusefs.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/**
 * The functions of the C library that this package calls. Each returns what the C function returns,
 * or the negative error number where that one returns -1, as the kernel itself does.
 */
final class Libc {

  private static final Linker LINKER = Linker.nativeLinker();
  private static final SymbolLookup LIBC = LINKER.defaultLookup();

  /** Where a thread's calls leave the error number: making it anew costs as much as some calls. */
  private static final ThreadLocal<MemorySegment> STATE =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(Linker.Option.captureStateLayout()));

  private static final long ERRNO_OFFSET =
      Linker.Option.captureStateLayout().byteOffset(MemoryLayout.PathElement.groupElement("errno"));

  private static final MethodHandle OPENAT =
      bind("openat", JAVA_INT, 3, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
  private static final MethodHandle CLOSE = bind("close", JAVA_INT, JAVA_INT);
  private static final MethodHandle READ = bind("read", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
  private static final MethodHandle PREAD =
      bind("pread", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle WRITE = bind("write", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
  private static final MethodHandle PWRITE =
      bind("pwrite", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle LSEEK = bind("lseek", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);
  private static final MethodHandle FTRUNCATE = bind("ftruncate", JAVA_INT, JAVA_INT, JAVA_LONG);
  private static final MethodHandle FALLOCATE =
      bind("fallocate", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle FCHMOD = bind("fchmod", JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle FCHMODAT =
      bind("fchmodat", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
  private static final MethodHandle RENAMEAT2 =
      bind("renameat2", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle UNLINKAT =
      bind("unlinkat", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle FACCESSAT =
      bind("faccessat", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
  private static final MethodHandle SYNCFS = bind("syncfs", JAVA_INT, JAVA_INT);
  private static final MethodHandle FSTATFS = bind("fstatfs", JAVA_INT, JAVA_INT, ADDRESS);
  private static final MethodHandle IOCTL_LONG =
      bind("ioctl", JAVA_INT, 2, JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle IOCTL_POINTER =
      bind("ioctl", JAVA_INT, 2, JAVA_INT, JAVA_LONG, ADDRESS);
  private static final MethodHandle MOUNT =
      bind("mount", JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS);
  private static final MethodHandle UMOUNT2 = bind("umount2", JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle SETSID = bind("setsid", JAVA_INT);
  private static final MethodHandle DUP2 = bind("dup2", JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle STRERROR =
      LINKER.downcallHandle(LIBC.findOrThrow("strerror"), FunctionDescriptor.of(ADDRESS, JAVA_INT));

  private Libc() {}

  static int openat(int directory, MemorySegment path, int flags, int mode) {
    return (int) call(errno -> (int) OPENAT.invokeExact(errno, directory, path, flags, mode));
  }

  static int close(int fd) {
    return (int) call(errno -> (int) CLOSE.invokeExact(errno, fd));
  }

  static long read(int fd, MemorySegment buffer, long length) {
    return call(errno -> (long) READ.invokeExact(errno, fd, buffer, length));
  }

  static long pread(int fd, MemorySegment buffer, long length, long offset) {
    return call(errno -> (long) PREAD.invokeExact(errno, fd, buffer, length, offset));
  }

  static long write(int fd, MemorySegment buffer, long length) {
    return call(errno -> (long) WRITE.invokeExact(errno, fd, buffer, length));
  }

  static long pwrite(int fd, MemorySegment buffer, long length, long offset) {
    return call(errno -> (long) PWRITE.invokeExact(errno, fd, buffer, length, offset));
  }

  static long lseek(int fd, long offset, int whence) {
    return call(errno -> (long) LSEEK.invokeExact(errno, fd, offset, whence));
  }

  static int ftruncate(int fd, long size) {
    return (int) call(errno -> (int) FTRUNCATE.invokeExact(errno, fd, size));
  }

  static int fallocate(int fd, int mode, long offset, long length) {
    return (int) call(errno -> (int) FALLOCATE.invokeExact(errno, fd, mode, offset, length));
  }

  static int fchmod(int fd, int mode) {
    return (int) call(errno -> (int) FCHMOD.invokeExact(errno, fd, mode));
  }

  static int fchmodat(int directory, MemorySegment path, int mode) {
    return (int) call(errno -> (int) FCHMODAT.invokeExact(errno, directory, path, mode, 0));
  }

  static int renameat2(
      int fromDirectory, MemorySegment from, int toDirectory, MemorySegment to, int flags) {
    return (int)
        call(
            errno ->
                (int) RENAMEAT2.invokeExact(errno, fromDirectory, from, toDirectory, to, flags));
  }

  static int unlinkat(int directory, MemorySegment path) {
    return (int) call(errno -> (int) UNLINKAT.invokeExact(errno, directory, path, 0));
  }

  static int faccessat(int directory, MemorySegment path) {
    return (int) call(errno -> (int) FACCESSAT.invokeExact(errno, directory, path, 0, 0));
  }

  static int syncfs(int fd) {
    return (int) call(errno -> (int) SYNCFS.invokeExact(errno, fd));
  }

  static int fstatfs(int fd, MemorySegment buffer) {
    return (int) call(errno -> (int) FSTATFS.invokeExact(errno, fd, buffer));
  }

  static int ioctl(int fd, long request, long argument) {
    return (int) call(errno -> (int) IOCTL_LONG.invokeExact(errno, fd, request, argument));
  }

  static int ioctl(int fd, long request, MemorySegment argument) {
    return (int) call(errno -> (int) IOCTL_POINTER.invokeExact(errno, fd, request, argument));
  }

  static int mount(
      MemorySegment source,
      MemorySegment target,
      MemorySegment type,
      long flags,
      MemorySegment data) {
    return (int) call(errno -> (int) MOUNT.invokeExact(errno, source, target, type, flags, data));
  }

  static int umount2(MemorySegment target, int flags) {
    return (int) call(errno -> (int) UMOUNT2.invokeExact(errno, target, flags));
  }

  static int setsid() {
    return (int) call(errno -> (int) SETSID.invokeExact(errno));
  }

  static int dup2(int from, int to) {
    return (int) call(errno -> (int) DUP2.invokeExact(errno, from, to));
  }

  static String strerror(int errno) {
    try {
      MemorySegment text = (MemorySegment) STRERROR.invokeExact(errno);
      return text.reinterpret(256).getString(0);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("a downcall throws nothing that is checked", e);
    }
  }

  static MethodHandle bind(String name, MemoryLayout result, MemoryLayout... arguments) {
    return LINKER.downcallHandle(
        LIBC.findOrThrow(name),
        FunctionDescriptor.of(result, arguments),
        Linker.Option.captureCallState("errno"));
  }

  private static MethodHandle bind(
      String name, MemoryLayout result, int firstVariadic, MemoryLayout... arguments) {
    return LINKER.downcallHandle(
        LIBC.findOrThrow(name),
        FunctionDescriptor.of(result, arguments),
        Linker.Option.captureCallState("errno"),
        Linker.Option.firstVariadicArg(firstVariadic));
  }

  static long call(Call call) {
    try {
      MemorySegment state = STATE.get();
      long returned = call.invoke(state);
      return returned == -1 ? -state.get(JAVA_INT, ERRNO_OFFSET) : returned;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("a downcall throws nothing that is checked", e);
    }
  }

  /** A downcall that leaves the error number in {@code errno} and returns -1 if it fails. */
  @FunctionalInterface
  interface Call {
    long invoke(MemorySegment errno) throws Throwable;
  }
}
