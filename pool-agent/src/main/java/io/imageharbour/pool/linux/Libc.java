package io.imageharbour.pool.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/** The functions of the C library that this package calls. Failures are exceptions. */
final class Libc {

  private static final Linker LINKER = Linker.nativeLinker();
  private static final SymbolLookup LIBC = LINKER.defaultLookup();
  private static final long ERRNO_OFFSET =
      Linker.Option.captureStateLayout().byteOffset(MemoryLayout.PathElement.groupElement("errno"));

  private static final MethodHandle MEMFD_CREATE =
      bind("memfd_create", JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle FTRUNCATE = bind("ftruncate", JAVA_INT, JAVA_INT, JAVA_LONG);
  private static final MethodHandle FCNTL =
      LINKER.downcallHandle(
          LIBC.findOrThrow("fcntl"),
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT),
          Linker.Option.captureCallState("errno"),
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle LSEEK = bind("lseek", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);
  private static final MethodHandle MMAP =
      bind("mmap", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
  private static final MethodHandle MUNMAP = bind("munmap", JAVA_INT, ADDRESS, JAVA_LONG);
  private static final MethodHandle MLOCK = bind("mlock", JAVA_INT, ADDRESS, JAVA_LONG);
  private static final MethodHandle CLOSE = bind("close", JAVA_INT, JAVA_INT);
  private static final MethodHandle SOCKET = bind("socket", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle BIND = bind("bind", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle LISTEN = bind("listen", JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle ACCEPT4 =
      bind("accept4", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_INT);
  private static final MethodHandle CONNECT =
      bind("connect", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle SETSOCKOPT =
      bind("setsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle SHUTDOWN = bind("shutdown", JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle SENDMSG =
      bind("sendmsg", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle RECVMSG =
      bind("recvmsg", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle STRERROR =
      LINKER.downcallHandle(LIBC.findOrThrow("strerror"), FunctionDescriptor.of(ADDRESS, JAVA_INT));

  private Libc() {}

  static int memfdCreate(MemorySegment name, int flags) throws IOException {
    return (int) call("memfd_create", errno -> (int) MEMFD_CREATE.invokeExact(errno, name, flags));
  }

  static void ftruncate(int fd, long size) throws IOException {
    call("ftruncate", errno -> (int) FTRUNCATE.invokeExact(errno, fd, size));
  }

  static int fcntl(int fd, int command, int argument) throws IOException {
    return (int) call("fcntl", errno -> (int) FCNTL.invokeExact(errno, fd, command, argument));
  }

  static long lseek(int fd, long offset, int whence) throws IOException {
    return call("lseek", errno -> (long) LSEEK.invokeExact(errno, fd, offset, whence));
  }

  /** The address where the kernel has put the mapping. */
  static long mmap(long size, int protection, int flags, int fd) throws IOException {
    return call(
        "mmap", errno -> (long) MMAP.invokeExact(errno, 0L, size, protection, flags, fd, 0L));
  }

  static void munmap(MemorySegment mapping) throws IOException {
    call("munmap", errno -> (int) MUNMAP.invokeExact(errno, mapping, mapping.byteSize()));
  }

  static void mlock(MemorySegment mapping) throws IOException {
    call("mlock", errno -> (int) MLOCK.invokeExact(errno, mapping, mapping.byteSize()));
  }

  static void close(int fd) throws IOException {
    call("close", errno -> (int) CLOSE.invokeExact(errno, fd));
  }

  static int socket(int family, int type) throws IOException {
    return (int) call("socket", errno -> (int) SOCKET.invokeExact(errno, family, type, 0));
  }

  static void bind(int fd, MemorySegment address, int length) throws IOException {
    call("bind", errno -> (int) BIND.invokeExact(errno, fd, address, length));
  }

  static void listen(int fd, int backlog) throws IOException {
    call("listen", errno -> (int) LISTEN.invokeExact(errno, fd, backlog));
  }

  static int accept(int fd, int flags) throws IOException {
    return (int)
        call(
            "accept",
            errno ->
                (int)
                    ACCEPT4.invokeExact(errno, fd, MemorySegment.NULL, MemorySegment.NULL, flags));
  }

  static void connect(int fd, MemorySegment address, int length) throws IOException {
    call("connect", errno -> (int) CONNECT.invokeExact(errno, fd, address, length));
  }

  static void setsockopt(int fd, int level, int option, MemorySegment value) throws IOException {
    call(
        "setsockopt",
        errno ->
            (int) SETSOCKOPT.invokeExact(errno, fd, level, option, value, (int) value.byteSize()));
  }

  static void shutdown(int fd, int how) throws IOException {
    call("shutdown", errno -> (int) SHUTDOWN.invokeExact(errno, fd, how));
  }

  static long sendmsg(int fd, MemorySegment message, int flags) throws IOException {
    return call("sendmsg", errno -> (long) SENDMSG.invokeExact(errno, fd, message, flags));
  }

  static long recvmsg(int fd, MemorySegment message, int flags) throws IOException {
    return call("recvmsg", errno -> (long) RECVMSG.invokeExact(errno, fd, message, flags));
  }

  private static String strerror(int errno) {
    try {
      MemorySegment text = (MemorySegment) STRERROR.invokeExact(errno);
      return text.reinterpret(256).getString(0);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("a downcall throws nothing that is checked", e);
    }
  }

  private static MethodHandle bind(String name, MemoryLayout result, MemoryLayout... arguments) {
    return LINKER.downcallHandle(
        LIBC.findOrThrow(name),
        FunctionDescriptor.of(result, arguments),
        Linker.Option.captureCallState("errno"));
  }

  private static long call(String name, Call call) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
      long returned = call.invoke(state);
      if (returned == -1) {
        int errno = state.get(JAVA_INT, ERRNO_OFFSET);
        throw new SystemCallException(name, errno, strerror(errno));
      }
      return returned;
    } catch (SystemCallException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("a downcall throws nothing that is checked", e);
    }
  }

  /** A downcall that leaves the error number in {@code errno} and returns -1 if it fails. */
  @FunctionalInterface
  private interface Call {
    long invoke(MemorySegment errno) throws Throwable;
  }
}
