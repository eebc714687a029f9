package io.imageharbour.pool.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A unix socket that passes {@link SharedMemory} on, which Java's own sockets can't. It keeps the
 * borders of messages ({@code SOCK_SEQPACKET}): each is a few bytes, with or without memory. For
 * use by one thread, which closes it; any other may {@link #shutDown} it.
 *
 * @see <a href="https://man7.org/linux/man-pages/man7/unix.7.html">unix(7), SCM_RIGHTS</a>
 */
public final class MemorySocket implements AutoCloseable {

  /** Messages have so many bytes at most. */
  public static final int MAX_MESSAGE = 4096;

  private static final int AF_UNIX = 1;
  private static final int SOCK_SEQPACKET = 5;
  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int SOL_SOCKET = 1;
  private static final int SO_RCVTIMEO = 20;
  private static final int SO_SNDTIMEO = 21;
  private static final int SCM_RIGHTS = 1;
  private static final int MSG_CTRUNC = 8;
  private static final int MSG_TRUNC = 0x20;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int MSG_CMSG_CLOEXEC = 0x40000000;
  private static final int SHUT_RDWR = 2;
  private static final int BACKLOG = 64;
  private static final int S_IFMT = 0170000;
  private static final int S_IFSOCK = 0140000;
  private static final Duration PROBE_PATIENCE = Duration.ofSeconds(1);

  /** {@code struct sockaddr_un}: the family, then the path. */
  private static final int PATH = 2;

  private static final int MAX_PATH = 108;

  /** {@code struct msghdr} of 64-bit Linux, and where its fields are. */
  private static final int MSGHDR = 56;

  private static final int MSG_IOV = 16;
  private static final int MSG_IOVLEN = 24;
  private static final int MSG_CONTROL = 32;
  private static final int MSG_CONTROLLEN = 40;
  private static final int MSG_FLAGS = 48;

  /** {@code struct cmsghdr} with one descriptor: length, level, type, descriptor, padding. */
  private static final int CONTROL = 24;

  private static final int CONTROL_WITH_ONE = 20;
  private static final int CMSG_LEVEL = 8;
  private static final int CMSG_TYPE = 12;
  private static final int CMSG_DATA = 16;

  private final int fd;
  private boolean closed;

  private MemorySocket(int fd) {
    this.fd = fd;
  }

  /**
   * What a message brought.
   *
   * @param bytes at least one
   */
  public record Message(ByteBuffer bytes, Optional<Unmapped> memory) implements AutoCloseable {
    @Override
    public void close() {
      memory.ifPresent(Unmapped::close);
    }
  }

  /** Memory of another process that was passed and is not mapped yet. */
  public static final class Unmapped implements AutoCloseable {
    private final int descriptor;
    private boolean taken;

    private Unmapped(int descriptor) {
      this.descriptor = descriptor;
    }

    /**
     * Maps it; once.
     *
     * @param size in bytes that the other process says it has
     * @throws IOException if it is shorter, or could become so
     */
    public SharedMemory map(long size, boolean writable) throws IOException {
      taken = true;
      return SharedMemory.adopt(descriptor, size, writable);
    }

    @Override
    public void close() {
      if (!taken) {
        taken = true;
        SharedMemory.closeDescriptor(descriptor);
      }
    }
  }

  /**
   * Listens at a path, in place of a socket that an earlier process has left there.
   *
   * @throws SocketInUseException if another process listens there, or it is no socket
   * @throws IOException if it can't, such as for a path of over 107 bytes
   */
  public static MemorySocket listen(Path path) throws IOException {
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      requireLeftBehind(path);
      Files.delete(path);
    }
    return open(
        path,
        (socket, address, length) -> {
          Libc.bind(socket, address, length);
          Libc.listen(socket, BACKLOG);
        });
  }

  private static void requireLeftBehind(Path path) throws IOException {
    int mode = (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
    if ((mode & S_IFMT) != S_IFSOCK) {
      throw new SocketInUseException(path, "a file is there that is no socket");
    }
    try (MemorySocket unused = connect(path, PROBE_PATIENCE)) {
      throw new SocketInUseException(path, "another process listens there");
    } catch (SocketInUseException e) {
      throw e;
    } catch (IOException e) {
      // one that is stopped, or of another kind, is somebody's too
      if (!(e.getCause() instanceof SystemCallException call)
          || call.errno() != SystemCallException.ECONNREFUSED) {
        throw new SocketInUseException(path, "another process has it");
      }
    }
  }

  /** Connects to who listens at a path. */
  public static MemorySocket connect(Path path, Duration patience) throws IOException {
    return open(
        path,
        (socket, address, length) -> {
          // an agent that is stopped accepts nobody
          setPatience(socket, patience);
          Libc.connect(socket, address, length);
        });
  }

  private static MemorySocket open(Path path, Naming naming) throws IOException {
    byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
    if (name.length >= MAX_PATH) {
      throw new IOException(
          "the socket "
              + path
              + " has a path of over "
              + (MAX_PATH - 1)
              + " bytes; use a shorter one");
    }
    int fd = Libc.socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = arena.allocate(PATH + MAX_PATH, 8);
      address.set(JAVA_SHORT, 0, (short) AF_UNIX);
      MemorySegment.copy(name, 0, address, JAVA_BYTE, PATH, name.length);
      naming.name(fd, address, (int) address.byteSize());
    } catch (IOException e) {
      SharedMemory.closeDescriptor(fd);
      throw new IOException("cannot use the socket " + path + ": " + e.getMessage(), e);
    }
    return new MemorySocket(fd);
  }

  @FunctionalInterface
  private interface Naming {
    void name(int fd, MemorySegment address, int length) throws IOException;
  }

  /** Waits for the next who connects. */
  public MemorySocket accept() throws IOException {
    return new MemorySocket(Libc.accept(fd, SOCK_CLOEXEC));
  }

  /** So long sending and receiving wait; then they fail. */
  public void setPatience(Duration patience) throws IOException {
    setPatience(fd, patience);
  }

  private static void setPatience(int fd, Duration patience) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment time = arena.allocate(16, 8);
      time.set(JAVA_LONG, 0, patience.toSeconds());
      time.set(JAVA_LONG, 8, patience.toNanosPart() / 1000);
      Libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, time);
      Libc.setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, time);
    }
  }

  /** Sends a message of 1 to {@link #MAX_MESSAGE} bytes. */
  public void send(ByteBuffer bytes) throws IOException {
    send(bytes, OptionalInt.empty());
  }

  /** Sends a message, and memory for the receiver to map. */
  public void send(ByteBuffer bytes, SharedMemory memory) throws IOException {
    int descriptor = memory.duplicateDescriptor();
    try {
      send(bytes, OptionalInt.of(descriptor));
    } finally {
      SharedMemory.closeDescriptor(descriptor);
    }
  }

  private void send(ByteBuffer bytes, OptionalInt descriptor) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(bytes.remaining());
      data.copyFrom(MemorySegment.ofBuffer(bytes));
      MemorySegment header = header(arena, data);
      if (descriptor.isPresent()) {
        MemorySegment control = header.get(ADDRESS, MSG_CONTROL).reinterpret(CONTROL);
        control.set(JAVA_LONG, 0, CONTROL_WITH_ONE);
        control.set(JAVA_INT, CMSG_LEVEL, SOL_SOCKET);
        control.set(JAVA_INT, CMSG_TYPE, SCM_RIGHTS);
        control.set(JAVA_INT, CMSG_DATA, descriptor.getAsInt());
      } else {
        header.set(JAVA_LONG, MSG_CONTROLLEN, 0);
      }
      Libc.sendmsg(fd, header, MSG_NOSIGNAL);
    }
  }

  /**
   * Waits for the next message.
   *
   * @throws EOFException if the other side has closed
   * @throws IOException if none came in time, or one that is too long or carries more than one
   *     memory
   */
  public Message receive() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(MAX_MESSAGE);
      MemorySegment header = header(arena, data);
      long length = Libc.recvmsg(fd, header, MSG_CMSG_CLOEXEC);
      Optional<Integer> descriptor = descriptor(header);
      boolean whole = (header.get(JAVA_INT, MSG_FLAGS) & (MSG_TRUNC | MSG_CTRUNC)) == 0;
      if (length == 0 || !whole) {
        if (descriptor.isPresent()) {
          SharedMemory.closeDescriptor(descriptor.get());
        }
        throw whole
            ? new EOFException("the other side has closed the socket")
            : new IOException(
                "a message was longer than " + MAX_MESSAGE + " bytes, or passed several memories");
      }
      ByteBuffer bytes = ByteBuffer.allocate((int) length);
      MemorySegment.ofBuffer(bytes).copyFrom(data.asSlice(0, length));
      return new Message(bytes, descriptor.map(Unmapped::new));
    }
  }

  /** The kernel gives no more than one: there is no room for a second. */
  private static Optional<Integer> descriptor(MemorySegment header) {
    if (header.get(JAVA_LONG, MSG_CONTROLLEN) < CONTROL_WITH_ONE) {
      return Optional.empty();
    }
    MemorySegment control = header.get(ADDRESS, MSG_CONTROL).reinterpret(CONTROL);
    boolean isDescriptor =
        control.get(JAVA_INT, CMSG_LEVEL) == SOL_SOCKET
            && control.get(JAVA_INT, CMSG_TYPE) == SCM_RIGHTS;
    return isDescriptor ? Optional.of(control.get(JAVA_INT, CMSG_DATA)) : Optional.empty();
  }

  private static MemorySegment header(Arena arena, MemorySegment data) {
    MemorySegment vector = arena.allocate(16, 8);
    vector.set(ADDRESS, 0, data);
    vector.set(JAVA_LONG, 8, data.byteSize());
    MemorySegment header = arena.allocate(MSGHDR, 8);
    header.set(ADDRESS, MSG_IOV, vector);
    header.set(JAVA_LONG, MSG_IOVLEN, 1);
    header.set(ADDRESS, MSG_CONTROL, arena.allocate(CONTROL, 8));
    header.set(JAVA_LONG, MSG_CONTROLLEN, CONTROL_WITH_ONE);
    return header;
  }

  /** Ends it, for both sides; who waits in {@link #accept} or {@link #receive} gets an error. */
  public synchronized void shutDown() {
    try {
      // the number of a descriptor that is closed may be another's already
      if (!closed) {
        Libc.shutdown(fd, SHUT_RDWR);
      }
    } catch (IOException e) {
      // it was not connected, or the other side was first: it has ended
    }
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      SharedMemory.closeDescriptor(fd);
    }
  }
}
