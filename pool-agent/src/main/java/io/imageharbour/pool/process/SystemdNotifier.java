package io.imageharbour.pool.process;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Tells systemd how the service is doing: a datagram to the unix socket that {@code NOTIFY_SOCKET}
 * names. Java knows no datagrams on unix sockets, so these are three calls of the C library.
 *
 * @see <a
 *     href="https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html">sd_notify</a>
 */
final class SystemdNotifier {

  private static final short AF_UNIX = 1;
  private static final int SOCK_DGRAM = 2;
  private static final int SOCK_CLOEXEC = 02000000;
  private static final int MSG_NOSIGNAL = 0x4000;

  /** {@code sockaddr_un}: the family, then the path. */
  private static final int PATH = 2;

  private static final int MAX_PATH = 108;

  private SystemdNotifier() {}

  /** Sends a state such as {@code READY=1} if a service manager wants to know. */
  static void send(String state) {
    Optional<String> socket = Optional.ofNullable(System.getenv("NOTIFY_SOCKET"));
    if (socket.isPresent() && !socket.get().isEmpty()) {
      send(socket.get(), state);
    }
  }

  /** Sends a state to this socket; a name that begins with "@" is an abstract one. */
  static boolean send(String socket, String state) {
    byte[] path = socket.getBytes(StandardCharsets.UTF_8);
    if (path.length >= MAX_PATH) {
      return false;
    }
    if (path[0] == '@') {
      path[0] = 0;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = arena.allocate(PATH + MAX_PATH, 8);
      address.set(JAVA_SHORT, 0, AF_UNIX);
      MemorySegment.copy(path, 0, address, JAVA_BYTE, PATH, path.length);
      MemorySegment message = arena.allocateFrom(state);
      int fd =
          (int)
              bind("socket", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT)
                  .invokeExact((int) AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
      if (fd < 0) {
        return false;
      }
      long sent =
          (long)
              bind("sendto", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT)
                  .invokeExact(
                      fd,
                      message,
                      message.byteSize() - 1,
                      MSG_NOSIGNAL,
                      address,
                      PATH + path.length);
      int unused = (int) bind("close", JAVA_INT, JAVA_INT).invokeExact(fd);
      return sent == message.byteSize() - 1;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static MethodHandle bind(String name, MemoryLayout result, MemoryLayout... arguments) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow(name), FunctionDescriptor.of(result, arguments));
  }
}
