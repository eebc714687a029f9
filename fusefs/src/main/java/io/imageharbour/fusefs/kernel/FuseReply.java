package io.imageharbour.fusefs.kernel;

import static io.imageharbour.fusefs.kernel.FuseProtocol.ATTR_OUT;
import static io.imageharbour.fusefs.kernel.FuseProtocol.DIRENT;
import static io.imageharbour.fusefs.kernel.FuseProtocol.ENTRY_OUT;
import static io.imageharbour.fusefs.kernel.FuseProtocol.OPEN_OUT;
import static io.imageharbour.fusefs.kernel.FuseProtocol.OUT_HEADER;
import static io.imageharbour.fusefs.kernel.FuseProtocol.OUT_HEADER_BYTES;
import static io.imageharbour.fusefs.kernel.FuseProtocol.STATFS_OUT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Answers one request, once; may be handed to another thread. Each method returns whether the
 * kernel took the answer: it does not when the request was aborted or the file system unmounted.
 */
public final class FuseReply {

  /** Entries and attributes are valid for so long, in seconds: contents never change. */
  private static final long VALID_SECONDS = 365L * 24 * 3600;

  private static final int BLOCK_SIZE = 4096;
  private static final int DT_DIR = 4;

  private static final long LEN = FuseProtocol.offset(OUT_HEADER, "len");
  private static final long ERROR = FuseProtocol.offset(OUT_HEADER, "error");
  private static final long UNIQUE = FuseProtocol.offset(OUT_HEADER, "unique");

  private final FuseConnection connection;
  private final long unique;
  private final AtomicBoolean answered = new AtomicBoolean();

  FuseReply(FuseConnection connection, long unique) {
    this.connection = connection;
    this.unique = unique;
  }

  /** The number of the request, as {@link FuseRequest.Interrupt} names it. */
  public long unique() {
    return unique;
  }

  /** Whether an answer was given. */
  public boolean isAnswered() {
    return answered.get();
  }

  /** The request failed; {@code errno} is one of the numbers of errno(3). */
  public boolean error(int errno) {
    try (Arena arena = Arena.ofConfined()) {
      return send(arena.allocate(OUT_HEADER), -errno);
    }
  }

  /** The request was carried out, and there is nothing to tell. */
  public boolean done() {
    return error(0);
  }

  /**
   * Answers a LOOKUP.
   *
   * @param lasting whether the name leads to this node for ever; otherwise the kernel asks again
   *     when it comes by the name again
   */
  public boolean entry(NodeAttributes attributes, boolean lasting) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment answer = allocate(arena, ENTRY_OUT);
      MemorySegment body = answer.asSlice(OUT_HEADER_BYTES);
      body.set(JAVA_LONG, FuseOffsets.ENTRY_NODE, attributes.node());
      body.set(JAVA_LONG, FuseOffsets.ENTRY_VALID, lasting ? VALID_SECONDS : 0);
      body.set(JAVA_LONG, FuseOffsets.ENTRY_ATTR_VALID, VALID_SECONDS);
      put(body.asSlice(FuseOffsets.ENTRY_ATTR), attributes);
      return send(answer, 0);
    }
  }

  /** Answers a GETATTR. */
  public boolean attributes(NodeAttributes attributes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment answer = allocate(arena, ATTR_OUT);
      MemorySegment body = answer.asSlice(OUT_HEADER_BYTES);
      body.set(JAVA_LONG, FuseOffsets.ATTR_VALID, VALID_SECONDS);
      put(body.asSlice(FuseOffsets.ATTR_ATTR), attributes);
      return send(answer, 0);
    }
  }

  /** Answers an OPEN: the kernel reads the backing file itself. */
  public boolean openedPassthrough(long handle, int backing) {
    return opened(handle, FuseProtocol.FOPEN_PASSTHROUGH | FuseProtocol.FOPEN_NOFLUSH, backing);
  }

  /**
   * Answers an OPEN: the kernel sends READs and keeps in its page cache what it got, now and
   * before.
   */
  public boolean openedCached(long handle) {
    return opened(handle, FuseProtocol.FOPEN_KEEP_CACHE | FuseProtocol.FOPEN_NOFLUSH, 0);
  }

  /** Answers an OPENDIR. */
  public boolean openedDirectory() {
    return opened(0, 0, 0);
  }

  /**
   * Answers a READ.
   *
   * @param buffer whose first {@link FuseConnection#DATA_OFFSET} bytes are free for the header and
   *     whose rest is the data
   */
  public boolean data(MemorySegment buffer) {
    return send(buffer, 0);
  }

  /** Answers a READDIR from {@code offset} with the two names that every directory has. */
  public boolean emptyListing(long node, long offset, int size) {
    try (Arena arena = Arena.ofConfined()) {
      long entryBytes = DIRENT.byteSize() + Long.BYTES;
      MemorySegment answer = arena.allocate(OUT_HEADER_BYTES + 2 * entryBytes, Long.BYTES);
      long length = OUT_HEADER_BYTES;
      for (long next = offset + 1; offset >= 0 && next <= 2; next++) {
        if (length - OUT_HEADER_BYTES + entryBytes > size) {
          break;
        }
        MemorySegment entry = answer.asSlice(length, entryBytes);
        entry.set(JAVA_LONG, FuseOffsets.DIRENT_INO, next == 1 ? node : FuseProtocol.ROOT_NODE);
        entry.set(JAVA_LONG, FuseOffsets.DIRENT_OFF, next);
        entry.set(JAVA_INT, FuseOffsets.DIRENT_NAMELEN, (int) next);
        entry.set(JAVA_INT, FuseOffsets.DIRENT_TYPE, DT_DIR);
        entry.asSlice(DIRENT.byteSize(), next).fill((byte) '.');
        length += entryBytes;
      }
      return send(answer.asSlice(0, length), 0);
    }
  }

  /** Answers a STATFS: how many bytes are there, and how many of them are free. */
  public boolean statistics(long totalBytes, long freeBytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment answer = allocate(arena, STATFS_OUT);
      MemorySegment body = answer.asSlice(OUT_HEADER_BYTES);
      body.set(JAVA_LONG, FuseOffsets.STATFS_BLOCKS, totalBytes / BLOCK_SIZE);
      body.set(JAVA_LONG, FuseOffsets.STATFS_BFREE, freeBytes / BLOCK_SIZE);
      body.set(JAVA_LONG, FuseOffsets.STATFS_BAVAIL, freeBytes / BLOCK_SIZE);
      body.set(JAVA_INT, FuseOffsets.STATFS_BSIZE, BLOCK_SIZE);
      body.set(JAVA_INT, FuseOffsets.STATFS_NAMELEN, 255);
      body.set(JAVA_INT, FuseOffsets.STATFS_FRSIZE, BLOCK_SIZE);
      return send(answer, 0);
    }
  }

  /** Answers an INIT with a {@code struct fuse_init_out} behind room for the header. */
  boolean init(MemorySegment answer) {
    return send(answer, 0);
  }

  private boolean opened(long handle, int flags, int backing) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment answer = allocate(arena, OPEN_OUT);
      MemorySegment body = answer.asSlice(OUT_HEADER_BYTES);
      body.set(JAVA_LONG, FuseOffsets.OPEN_HANDLE, handle);
      body.set(JAVA_INT, FuseOffsets.OPEN_FLAGS, flags);
      body.set(JAVA_INT, FuseOffsets.OPEN_BACKING, backing);
      return send(answer, 0);
    }
  }

  private static void put(MemorySegment target, NodeAttributes attributes) {
    target.set(JAVA_LONG, FuseOffsets.INO, attributes.node());
    target.set(JAVA_LONG, FuseOffsets.SIZE, attributes.size());
    target.set(JAVA_LONG, FuseOffsets.BLOCKS, (attributes.size() + 511) / 512);
    target.set(JAVA_INT, FuseOffsets.MODE, attributes.mode());
    target.set(JAVA_INT, FuseOffsets.NLINK, attributes.links());
    target.set(JAVA_INT, FuseOffsets.BLKSIZE, BLOCK_SIZE);
  }

  private static MemorySegment allocate(Arena arena, StructLayout body) {
    return arena.allocate(OUT_HEADER_BYTES + body.byteSize(), Long.BYTES);
  }

  private boolean send(MemorySegment answer, int error) {
    if (!answered.compareAndSet(false, true)) {
      throw new IllegalStateException("request " + unique + " was answered before");
    }
    answer.set(JAVA_INT, LEN, (int) answer.byteSize());
    answer.set(JAVA_INT, ERROR, error);
    answer.set(JAVA_LONG, UNIQUE, unique);
    return connection.send(answer);
  }
}
