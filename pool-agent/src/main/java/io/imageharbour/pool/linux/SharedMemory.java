package io.imageharbour.pool.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Memory of this process that others can be given to map: a file without a name, which goes when
 * the last process that has it ends. Its size never changes, so nobody who maps it can be hurt by
 * another. Safe for use by several threads.
 *
 * @see <a href="https://man7.org/linux/man-pages/man2/memfd_create.2.html">memfd_create(2)</a>
 */
public final class SharedMemory implements AutoCloseable {

  /** Length of a huge page, and what sizes are multiples of, in bytes. */
  public static final long HUGE_PAGE = 2 << 20;

  private static final int MFD_CLOEXEC = 1;
  private static final int MFD_ALLOW_SEALING = 2;
  private static final int MFD_HUGETLB = 4;
  private static final int MFD_HUGE_2MB = 21 << 26;

  private static final int F_ADD_SEALS = 1033;
  private static final int F_DUPFD_CLOEXEC = 1030;
  private static final int F_GET_SEALS = 1034;
  private static final int F_SEAL_SEAL = 1;
  private static final int F_SEAL_SHRINK = 2;
  private static final int F_SEAL_GROW = 4;
  private static final int F_SEAL_FUTURE_WRITE = 16;

  private static final int PROT_READ = 1;
  private static final int PROT_WRITE = 2;
  private static final int MAP_SHARED = 1;
  private static final int SEEK_END = 2;

  private final int fd;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment segment;

  private SharedMemory(int fd, long size, boolean writable) throws IOException {
    this.fd = fd;
    try {
      segment = map(fd, size, writable, arena);
    } catch (IOException | RuntimeException | Error e) {
      arena.close();
      closeDescriptor(fd);
      throw e;
    }
  }

  /**
   * Makes memory that only this process can write to; whoever else is given it can only read.
   *
   * @param name shown in {@code /proc}, for people
   * @param size in bytes; a multiple of {@link #HUGE_PAGE} if {@code hugePages}
   * @param hugePages whether it must be of huge pages that the administrator has reserved
   * @throws IOException if there is not so much memory, or are not so many huge pages
   */
  public static SharedMemory create(String name, long size, boolean hugePages) throws IOException {
    return create(name, size, hugePages ? MFD_HUGETLB | MFD_HUGE_2MB : 0, F_SEAL_FUTURE_WRITE);
  }

  /** Makes memory that whoever is given it can write to as well; of ordinary pages. */
  public static SharedMemory createWritable(String name, long size) throws IOException {
    return create(name, size, 0, 0);
  }

  private static SharedMemory create(String name, long size, int flags, int seals)
      throws IOException {
    int fd;
    try (Arena scratch = Arena.ofConfined()) {
      fd = Libc.memfdCreate(scratch.allocateFrom(name), MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);
    }
    try {
      Libc.ftruncate(fd, size);
    } catch (IOException e) {
      closeDescriptor(fd);
      throw e;
    }
    SharedMemory memory = new SharedMemory(fd, size, true);
    try {
      Libc.fcntl(fd, F_ADD_SEALS, seals | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
    } catch (IOException e) {
      memory.close();
      throw e;
    }
    return memory;
  }

  /**
   * Maps memory that another process has made; takes the descriptor over, even if it fails.
   *
   * @param size in bytes that the other process says it has
   * @throws IOException if it is shorter, or could become shorter, which would end this process
   */
  static SharedMemory adopt(int fd, long size, boolean writable) throws IOException {
    boolean right = false;
    try {
      right =
          Libc.lseek(fd, 0, SEEK_END) >= size
              && (Libc.fcntl(fd, F_GET_SEALS, 0) & F_SEAL_SHRINK) != 0;
    } finally {
      if (!right) {
        closeDescriptor(fd);
      }
    }
    if (!right) {
      throw new IOException(
          "the memory that was passed has not, or may lose, its " + size + " bytes");
    }
    return new SharedMemory(fd, size, writable);
  }

  /** The bytes; not accessible any more once this is closed. */
  public MemorySegment segment() {
    return segment;
  }

  /** Keeps it from being swapped out, and has all of it filled in now. */
  public void lock() throws IOException {
    Libc.mlock(segment);
  }

  /**
   * Another descriptor of it, for the caller to close: this one's number may be another file's as
   * soon as the memory is closed by another thread.
   *
   * @throws IOException if it is closed, or there are too many open files
   */
  synchronized int duplicateDescriptor() throws IOException {
    if (!arena.scope().isAlive()) {
      throw new IOException("the memory was given back");
    }
    return Libc.fcntl(fd, F_DUPFD_CLOEXEC, 0);
  }

  /** Lets go of it in this process; whoever else has it keeps it. */
  @Override
  public synchronized void close() {
    if (arena.scope().isAlive()) {
      arena.close();
      closeDescriptor(fd);
    }
  }

  private static MemorySegment map(int fd, long size, boolean writable, Arena arena)
      throws IOException {
    long address = Libc.mmap(size, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd);
    MemorySegment mapping =
        MemorySegment.ofAddress(address).reinterpret(size, arena, SharedMemory::unmap);
    return writable ? mapping : mapping.asReadOnly();
  }

  static void closeDescriptor(int fd) {
    try {
      Libc.close(fd);
    } catch (IOException e) {
      throw new AssertionError("an open descriptor can be closed", e);
    }
  }

  private static void unmap(MemorySegment mapping) {
    try {
      Libc.munmap(mapping);
    } catch (IOException e) {
      throw new AssertionError("what was mapped can be unmapped", e);
    }
  }
}
