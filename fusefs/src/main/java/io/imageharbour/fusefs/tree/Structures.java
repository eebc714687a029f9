package io.imageharbour.fusefs.tree;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import jnr.ffi.Struct;
import ru.serce.jnrfuse.struct.FileStat;
import ru.serce.jnrfuse.struct.FuseFileInfo;
import ru.serce.jnrfuse.struct.FuseOperations;
import ru.serce.jnrfuse.struct.Statvfs;

/**
 * Where the fields of C's structures lie, as jnr-fuse knows them for this machine, and how to fill
 * them. Its own objects are made anew, with one for each field, at every call.
 */
final class Structures {

  /** All of the memory; addresses that libfuse gives are offsets in it. */
  static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  /** The functions that an operation may be. */
  static final FuseOperations OPERATIONS = new FuseOperations(Runtime.getSystemRuntime());

  /** The size of those in bytes. */
  static final int OPERATIONS_BYTES = Struct.size(OPERATIONS);

  /** Paths may be missing where there is an open file, and need not be made up for it. */
  static final byte NO_PATHS = 0b11;

  private static final FileStat STAT = new FileStat(Runtime.getSystemRuntime());
  private static final Statvfs STATVFS = Statvfs.of(nowhere());
  private static final FuseFileInfo INFO = FuseFileInfo.of(nowhere());

  /** Size of {@code struct stat} in bytes. */
  static final int STAT_BYTES = Struct.size(STAT);

  /** {@code nlink_t} has 64 bits on x86-64, where it lies before the mode, 32 elsewhere. */
  private static final boolean WIDE_LINKS = STAT.st_nlink.offset() < STAT.st_mode.offset();

  private static final long NANOS = Long.BYTES;

  /** jnr-fuse takes the bit field before the handle for bytes: bit 1 is {@code keep_cache}. */
  private static final long FLAGS = INFO.fh.offset() - Integer.BYTES;

  private static final int KEEP_CACHE = 1 << 1;
  private static final int BLOCK_BYTES = 4096;
  private static final int SECTOR_BYTES = 512;

  private Structures() {}

  /** Fills a {@code struct stat} of zeros. */
  static void fillStat(long stat, FileTree tree, int inode) {
    fillEntry(stat, tree, inode);
    if (WIDE_LINKS) {
      MEMORY.set(JAVA_LONG, stat + STAT.st_nlink.offset(), tree.links(inode));
    } else {
      MEMORY.set(JAVA_INT, stat + STAT.st_nlink.offset(), tree.links(inode));
    }
    MEMORY.set(JAVA_INT, stat + STAT.st_uid.offset(), tree.uid(inode));
    MEMORY.set(JAVA_INT, stat + STAT.st_gid.offset(), tree.gid(inode));
    MEMORY.set(JAVA_LONG, stat + STAT.st_rdev.offset(), tree.device(inode));
    long size = tree.size(inode);
    MEMORY.set(JAVA_LONG, stat + STAT.st_size.offset(), size);
    MEMORY.set(JAVA_LONG, stat + STAT.st_blocks.offset(), (size + SECTOR_BYTES - 1) / SECTOR_BYTES);
    fillTime(stat + STAT.st_atim.tv_sec.offset(), tree, inode);
    fillTime(stat + STAT.st_mtim.tv_sec.offset(), tree, inode);
    fillTime(stat + STAT.st_ctim.tv_sec.offset(), tree, inode);
  }

  /** Fills what a directory says of an entry: its inode and its type. */
  static void fillEntry(long stat, FileTree tree, int inode) {
    // 0 would be none
    MEMORY.set(JAVA_LONG, stat + STAT.st_ino.offset(), inode + 1L);
    MEMORY.set(JAVA_INT, stat + STAT.st_mode.offset(), tree.mode(inode));
  }

  /** Fills a {@code struct statvfs} of zeros. */
  static void fillStatistics(long statvfs, long files, long bytes) {
    MEMORY.set(JAVA_LONG, statvfs + STATVFS.f_bsize.offset(), BLOCK_BYTES);
    MEMORY.set(JAVA_LONG, statvfs + STATVFS.f_frsize.offset(), BLOCK_BYTES);
    MEMORY.set(JAVA_LONG, statvfs + STATVFS.f_blocks.offset(), bytes / BLOCK_BYTES);
    MEMORY.set(JAVA_LONG, statvfs + STATVFS.f_files.offset(), files);
    MEMORY.set(JAVA_LONG, statvfs + STATVFS.f_namemax.offset(), 255);
  }

  /** The handle that an open file was given, in its {@code struct fuse_file_info}. */
  static long handle(long info) {
    return MEMORY.get(JAVA_LONG, info + INFO.fh.offset());
  }

  static void setHandle(long info, long handle) {
    MEMORY.set(JAVA_LONG, info + INFO.fh.offset(), handle);
  }

  /** Lets the kernel keep the pages that it has of the file. */
  static void keepPages(long info) {
    MEMORY.set(JAVA_BYTE, info + FLAGS, (byte) (MEMORY.get(JAVA_BYTE, info + FLAGS) | KEEP_CACHE));
  }

  /** Length of a string of C in bytes. */
  static int length(long string) {
    int length = 0;
    while (MEMORY.get(JAVA_BYTE, string + length) != 0) {
      length++;
    }
    return length;
  }

  private static void fillTime(long timespec, FileTree tree, int inode) {
    MEMORY.set(JAVA_LONG, timespec, tree.seconds(inode));
    MEMORY.set(JAVA_LONG, timespec + NANOS, tree.nanos(inode));
  }

  private static Pointer nowhere() {
    return Pointer.wrap(Runtime.getSystemRuntime(), 0L);
  }
}
