package io.imageharbour.fusefs.kernel;

import static io.imageharbour.fusefs.kernel.FuseProtocol.BACKING_MAP;
import static io.imageharbour.fusefs.kernel.FuseProtocol.INIT_IN;
import static io.imageharbour.fusefs.kernel.FuseProtocol.INIT_OUT;
import static io.imageharbour.fusefs.kernel.FuseProtocol.OUT_HEADER_BYTES;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.imageharbour.fusefs.linux.Errno;
import io.imageharbour.fusefs.linux.LinuxException;
import io.imageharbour.fusefs.linux.Mounts;
import io.imageharbour.fusefs.linux.OpenFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An open {@code /dev/fuse}: the other end of one mount. Safe for use by several threads.
 *
 * @see <a href="https://docs.kernel.org/filesystems/fuse/fuse.html">FUSE</a> and <a
 *     href="https://docs.kernel.org/filesystems/fuse/fuse-passthrough.html">FUSE passthrough</a>
 */
public final class FuseConnection implements AutoCloseable {

  /** The most that one READ asks for, in bytes. */
  public static final int MAX_READ = 1 << 20;

  /** Where the data begin in the answer to a READ, after room for the header. */
  public static final int DATA_OFFSET = OUT_HEADER_BYTES;

  /** A buffer for one request: we accept no WRITE, so names are the longest that come. */
  static final int REQUEST_BYTES = 2 * FuseProtocol.MIN_READ_BUFFER;

  private static final Logger log = LoggerFactory.getLogger(FuseConnection.class);

  private static final long WANTED =
      FuseProtocol.ASYNC_READ
          | FuseProtocol.PARALLEL_DIROPS
          | FuseProtocol.ABORT_ERROR
          | FuseProtocol.MAX_PAGES
          | FuseProtocol.INIT_EXT
          | FuseProtocol.PASSTHROUGH
          | FuseProtocol.HAS_RESEND;

  private static final int PAGE_BYTES = 4096;
  private static final short MAX_BACKGROUND = 128;

  /** Backing files lie on a file system that is not itself stacked on another. */
  private static final int MAX_STACK_DEPTH = 1;

  private final OpenFile device;
  private final Negotiated negotiated;

  private FuseConnection(OpenFile device, Negotiated negotiated) {
    this.device = device;
    this.negotiated = negotiated;
  }

  /**
   * Mounts a FUSE file system and agrees with the kernel on the protocol. When this returns, an
   * overlay may be mounted on it.
   *
   * @param target the directory to mount on
   * @param subtype how the file system is called in the mount table, after {@code fuse.}
   * @param passthrough whether to ask for passthrough
   * @throws LinuxException if the kernel refuses
   */
  public static FuseConnection mount(Path target, String subtype, boolean passthrough)
      throws IOException {
    OpenFile device = OpenFile.open(Path.of("/dev/fuse"), OpenFile.O_RDWR);
    try {
      String options =
          "fd="
              + device.number()
              + ",rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions";
      Mounts.mount(subtype, target, "fuse." + subtype, Mounts.MS_NOSUID | Mounts.MS_NODEV, options);
    } catch (LinuxException e) {
      device.close();
      throw e;
    }
    try {
      return new FuseConnection(device, negotiate(device, passthrough));
    } catch (IOException e) {
      Mounts.unmountLazily(target);
      device.close();
      throw e;
    }
  }

  /**
   * Goes on with a mount that another process made and left.
   *
   * @param device its open {@code /dev/fuse}
   * @param negotiated what it agreed on with the kernel
   */
  public static FuseConnection takeOver(OpenFile device, Negotiated negotiated) {
    return new FuseConnection(device, negotiated);
  }

  /** What was agreed on with the kernel. */
  public Negotiated negotiated() {
    return negotiated;
  }

  /** The number of the descriptor, to be handed to a successor. */
  public int descriptor() {
    return device.number();
  }

  /**
   * Makes a file known to the kernel as one that it may read by itself, and returns its number.
   *
   * @throws LinuxException {@link Errno#ELOOP} if the file lies on a stacked file system, {@link
   *     Errno#EPERM} without CAP_SYS_ADMIN
   */
  public int openBacking(OpenFile file) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment map = arena.allocate(BACKING_MAP);
      map.set(JAVA_INT, 0, file.number());
      return device.ioctl("FUSE_DEV_IOC_BACKING_OPEN", FuseProtocol.IOC_BACKING_OPEN, map);
    }
  }

  /** Lets go of a backing file; those who have it open through FUSE keep it. */
  public void closeBacking(int backing) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment number = arena.allocate(JAVA_INT);
      number.set(JAVA_INT, 0, backing);
      device.ioctl("FUSE_DEV_IOC_BACKING_CLOSE", FuseProtocol.IOC_BACKING_CLOSE, number);
    }
  }

  /**
   * Waits for the next request and reads it into {@code buffer}.
   *
   * @return the request, a part of {@code buffer}
   * @throws LinuxException {@link Errno#ENODEV} after the unmount, {@link Errno#ECONNABORTED} after
   *     an abort; {@link Errno#ENOENT} and {@link Errno#EINTR} if the next try may succeed
   */
  MemorySegment receive(MemorySegment buffer) throws LinuxException {
    return buffer.asSlice(0, device.read(buffer));
  }

  boolean send(MemorySegment answer) {
    try {
      device.write(answer);
      return true;
    } catch (LinuxException e) {
      // ENOENT: whoever asked was killed meanwhile; ENODEV and the like: the mount is gone
      if (e.errno() != Errno.ENOENT && e.errno() != Errno.ENODEV) {
        log.warn("event=fuse-answer-refused cause=\"{}\"", e.getMessage());
      }
      return false;
    }
  }

  @Override
  public void close() {
    device.close();
  }

  private static Negotiated negotiate(OpenFile device, boolean passthrough) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(REQUEST_BYTES, Long.BYTES);
      MemorySegment request = buffer.asSlice(0, device.read(buffer));
      RequestParser.checkHeader(request);
      MemorySegment body = request.asSlice(FuseProtocol.IN_HEADER.byteSize());
      // INIT_EXT and so flags2 came with a longer structure; a shorter one has no flags2
      if (RequestParser.operation(request) != FuseProtocol.INIT
          || body.byteSize() < FuseProtocol.offset(INIT_IN, "flags2")) {
        throw new MalformedRequestException("the first FUSE request is not INIT");
      }
      int major = body.get(JAVA_INT, FuseProtocol.offset(INIT_IN, "major"));
      int minor = body.get(JAVA_INT, FuseProtocol.offset(INIT_IN, "minor"));
      if (major != FuseProtocol.MAJOR || minor < FuseProtocol.OLDEST_MINOR) {
        throw new MalformedRequestException(
            "the kernel speaks FUSE %d.%d; 7.%d (Linux 5.4) is the oldest that works"
                .formatted(major, minor, FuseProtocol.OLDEST_MINOR));
      }
      long wanted = passthrough ? WANTED : WANTED & ~FuseProtocol.PASSTHROUGH;
      long agreed = offered(body) & wanted;
      FuseConnection connection =
          new FuseConnection(device, new Negotiated(Math.min(minor, FuseProtocol.MINOR), agreed));
      MemorySegment answer = arena.allocate(OUT_HEADER_BYTES + INIT_OUT.byteSize(), Long.BYTES);
      fill(answer.asSlice(OUT_HEADER_BYTES), body, connection.negotiated);
      if (!new FuseReply(connection, RequestParser.unique(request)).init(answer)) {
        throw new MalformedRequestException("the kernel did not take the answer to FUSE INIT");
      }
      return connection.negotiated;
    }
  }

  private static long offered(MemorySegment init) {
    long low = Integer.toUnsignedLong(init.get(JAVA_INT, FuseProtocol.offset(INIT_IN, "flags")));
    long flags2 = FuseProtocol.offset(INIT_IN, "flags2");
    return (low & FuseProtocol.INIT_EXT) == 0 || init.byteSize() < flags2 + Integer.BYTES
        ? low
        : low | (long) init.get(JAVA_INT, flags2) << 32;
  }

  private static void fill(MemorySegment out, MemorySegment in, Negotiated negotiated) {
    set(out, "major", FuseProtocol.MAJOR);
    set(out, "minor", FuseProtocol.MINOR);
    set(out, "max_readahead", in.get(JAVA_INT, FuseProtocol.offset(INIT_IN, "max_readahead")));
    set(out, "flags", (int) negotiated.flags());
    set(out, "flags2", (int) (negotiated.flags() >>> 32));
    set(out, "max_write", PAGE_BYTES);
    set(out, "time_gran", 1);
    setShort(out, "max_background", MAX_BACKGROUND);
    setShort(out, "congestion_threshold", (short) (MAX_BACKGROUND * 3 / 4));
    setShort(out, "max_pages", (short) (MAX_READ / PAGE_BYTES));
    if (negotiated.passthrough()) {
      set(out, "max_stack_depth", MAX_STACK_DEPTH);
    }
  }

  private static void set(MemorySegment out, String field, int value) {
    out.set(JAVA_INT, FuseProtocol.offset(INIT_OUT, field), value);
  }

  private static void setShort(MemorySegment out, String field, short value) {
    out.set(JAVA_SHORT, FuseProtocol.offset(INIT_OUT, field), value);
  }
}
