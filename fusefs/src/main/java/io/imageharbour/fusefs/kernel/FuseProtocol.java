package io.imageharbour.fusefs.kernel;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;

/**
 * Numbers and layouts of the FUSE protocol, version 7, as the kernel's {@code
 * include/uapi/linux/fuse.h} defines them. Everything is in the byte order of the machine, every
 * structure a multiple of eight bytes.
 *
 * <pre>
 * request:  | in header (40 bytes) | arguments of the operation | names end with NUL |
 * answer:   | out header (16)      | result of the operation, none after an error     |
 * </pre>
 *
 * The kernel hands over one request per read(2) and takes one answer per write(2). A request may be
 * answered by any thread and in any order; the answer carries the request's {@code unique}.
 */
public final class FuseProtocol {

  /** Major version, the same since 2005. */
  static final int MAJOR = 7;

  /** Minor version that we speak; with 40 came passthrough and FUSE_NOTIFY_RESEND (Linux 6.9). */
  static final int MINOR = 40;

  /** Oldest minor version that we answer: 31 came with Linux 5.4, before data-only overlays. */
  static final int OLDEST_MINOR = 31;

  /** The node of the root directory. */
  static final long ROOT_NODE = 1;

  // Operations. Those that are missing are answered with ENOSYS.
  static final int LOOKUP = 1;
  static final int FORGET = 2;
  static final int GETATTR = 3;
  public static final int OPEN = 14;
  public static final int READ = 15;
  static final int STATFS = 17;
  static final int RELEASE = 18;
  static final int INIT = 26;
  static final int OPENDIR = 27;
  static final int READDIR = 28;
  static final int RELEASEDIR = 29;
  public static final int INTERRUPT = 36;
  static final int DESTROY = 38;
  static final int BATCH_FORGET = 42;

  // What kernel and server offer each other in INIT; bits from 32 up lie in flags2.
  static final long ASYNC_READ = 1L;
  static final long PARALLEL_DIROPS = 1L << 18;
  static final long ABORT_ERROR = 1L << 21;
  static final long MAX_PAGES = 1L << 22;
  static final long INIT_EXT = 1L << 30;
  static final long PASSTHROUGH = 1L << 37;
  static final long HAS_RESEND = 1L << 39;

  // How a file was opened.
  static final int FOPEN_KEEP_CACHE = 1 << 1;
  static final int FOPEN_NOFLUSH = 1 << 5;
  static final int FOPEN_PASSTHROUGH = 1 << 7;

  /** {@code _IOW(229, 1, struct fuse_backing_map)}. */
  static final long IOC_BACKING_OPEN = 0x4010E501L;

  /** {@code _IOW(229, 2, uint32_t)}. */
  static final long IOC_BACKING_CLOSE = 0x4004E502L;

  /** The smallest buffer that the kernel accepts for reading requests (FUSE_MIN_READ_BUFFER). */
  public static final int MIN_READ_BUFFER = 8192;

  /** {@code struct fuse_in_header}. */
  public static final StructLayout IN_HEADER =
      MemoryLayout.structLayout(
          JAVA_INT.withName("len"),
          JAVA_INT.withName("opcode"),
          JAVA_LONG.withName("unique"),
          JAVA_LONG.withName("nodeid"),
          JAVA_INT.withName("uid"),
          JAVA_INT.withName("gid"),
          JAVA_INT.withName("pid"),
          JAVA_SHORT.withName("total_extlen"),
          JAVA_SHORT.withName("padding"));

  /** {@code struct fuse_out_header}. */
  public static final StructLayout OUT_HEADER =
      MemoryLayout.structLayout(
          JAVA_INT.withName("len"), JAVA_INT.withName("error"), JAVA_LONG.withName("unique"));

  /** {@code struct fuse_init_in}, up to what the kernels of protocol 7.36 and later send. */
  static final StructLayout INIT_IN =
      MemoryLayout.structLayout(
          JAVA_INT.withName("major"),
          JAVA_INT.withName("minor"),
          JAVA_INT.withName("max_readahead"),
          JAVA_INT.withName("flags"),
          JAVA_INT.withName("flags2"),
          MemoryLayout.sequenceLayout(11, JAVA_INT).withName("unused"));

  /** {@code struct fuse_init_out}. */
  static final StructLayout INIT_OUT =
      MemoryLayout.structLayout(
          JAVA_INT.withName("major"),
          JAVA_INT.withName("minor"),
          JAVA_INT.withName("max_readahead"),
          JAVA_INT.withName("flags"),
          JAVA_SHORT.withName("max_background"),
          JAVA_SHORT.withName("congestion_threshold"),
          JAVA_INT.withName("max_write"),
          JAVA_INT.withName("time_gran"),
          JAVA_SHORT.withName("max_pages"),
          JAVA_SHORT.withName("map_alignment"),
          JAVA_INT.withName("flags2"),
          JAVA_INT.withName("max_stack_depth"),
          MemoryLayout.sequenceLayout(6, JAVA_INT).withName("unused"));

  /** {@code struct fuse_attr}. */
  static final StructLayout ATTR =
      MemoryLayout.structLayout(
          JAVA_LONG.withName("ino"),
          JAVA_LONG.withName("size"),
          JAVA_LONG.withName("blocks"),
          JAVA_LONG.withName("atime"),
          JAVA_LONG.withName("mtime"),
          JAVA_LONG.withName("ctime"),
          JAVA_INT.withName("atimensec"),
          JAVA_INT.withName("mtimensec"),
          JAVA_INT.withName("ctimensec"),
          JAVA_INT.withName("mode"),
          JAVA_INT.withName("nlink"),
          JAVA_INT.withName("uid"),
          JAVA_INT.withName("gid"),
          JAVA_INT.withName("rdev"),
          JAVA_INT.withName("blksize"),
          JAVA_INT.withName("flags"));

  /** {@code struct fuse_entry_out}. */
  static final StructLayout ENTRY_OUT =
      MemoryLayout.structLayout(
          JAVA_LONG.withName("nodeid"),
          JAVA_LONG.withName("generation"),
          JAVA_LONG.withName("entry_valid"),
          JAVA_LONG.withName("attr_valid"),
          JAVA_INT.withName("entry_valid_nsec"),
          JAVA_INT.withName("attr_valid_nsec"),
          ATTR.withName("attr"));

  /** {@code struct fuse_attr_out}. */
  static final StructLayout ATTR_OUT =
      MemoryLayout.structLayout(
          JAVA_LONG.withName("attr_valid"),
          JAVA_INT.withName("attr_valid_nsec"),
          JAVA_INT.withName("dummy"),
          ATTR.withName("attr"));

  /** {@code struct fuse_open_out}. */
  static final StructLayout OPEN_OUT =
      MemoryLayout.structLayout(
          JAVA_LONG.withName("fh"), JAVA_INT.withName("open_flags"), JAVA_INT.withName("backing"));

  /** {@code struct fuse_read_in}, also of READDIR. */
  static final StructLayout READ_IN =
      MemoryLayout.structLayout(
          JAVA_LONG.withName("fh"),
          JAVA_LONG.withName("offset"),
          JAVA_INT.withName("size"),
          JAVA_INT.withName("read_flags"),
          JAVA_LONG.withName("lock_owner"),
          JAVA_INT.withName("flags"),
          JAVA_INT.withName("padding"));

  /** {@code struct fuse_release_in}. */
  static final StructLayout RELEASE_IN =
      MemoryLayout.structLayout(
          JAVA_LONG.withName("fh"),
          JAVA_INT.withName("flags"),
          JAVA_INT.withName("release_flags"),
          JAVA_LONG.withName("lock_owner"));

  /** {@code struct fuse_kstatfs}, the whole of {@code struct fuse_statfs_out}. */
  static final StructLayout STATFS_OUT =
      MemoryLayout.structLayout(
          JAVA_LONG.withName("blocks"),
          JAVA_LONG.withName("bfree"),
          JAVA_LONG.withName("bavail"),
          JAVA_LONG.withName("files"),
          JAVA_LONG.withName("ffree"),
          JAVA_INT.withName("bsize"),
          JAVA_INT.withName("namelen"),
          JAVA_INT.withName("frsize"),
          JAVA_INT.withName("padding"),
          MemoryLayout.sequenceLayout(6, JAVA_INT).withName("spare"));

  /** {@code struct fuse_dirent} without the name, which is padded to eight bytes. */
  static final StructLayout DIRENT =
      MemoryLayout.structLayout(
          JAVA_LONG.withName("ino"),
          JAVA_LONG.withName("off"),
          JAVA_INT.withName("namelen"),
          JAVA_INT.withName("type"));

  /** {@code struct fuse_backing_map}, argument of {@link #IOC_BACKING_OPEN}. */
  static final StructLayout BACKING_MAP =
      MemoryLayout.structLayout(
          JAVA_INT.withName("fd"), JAVA_INT.withName("flags"), JAVA_LONG.withName("padding"));

  /** Bytes before an answer's body. */
  static final int OUT_HEADER_BYTES = (int) OUT_HEADER.byteSize();

  private FuseProtocol() {}

  /** Where a field lies in its structure, in bytes. */
  public static long offset(StructLayout structure, String field) {
    return structure.byteOffset(groupElement(field));
  }

  /** Where a field of the attributes lies in a structure that ends with them, in bytes. */
  static long attrOffset(StructLayout structure, String field) {
    return structure.byteOffset(groupElement("attr"), groupElement(field));
  }
}
