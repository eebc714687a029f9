package io.imageharbour.fusefs.kernel;

import static io.imageharbour.fusefs.kernel.FuseProtocol.ATTR;
import static io.imageharbour.fusefs.kernel.FuseProtocol.ATTR_OUT;
import static io.imageharbour.fusefs.kernel.FuseProtocol.DIRENT;
import static io.imageharbour.fusefs.kernel.FuseProtocol.ENTRY_OUT;
import static io.imageharbour.fusefs.kernel.FuseProtocol.OPEN_OUT;
import static io.imageharbour.fusefs.kernel.FuseProtocol.STATFS_OUT;
import static io.imageharbour.fusefs.kernel.FuseProtocol.offset;

/** Where the fields of answers lie, in bytes, computed once from the layouts. */
final class FuseOffsets {

  static final long ENTRY_NODE = offset(ENTRY_OUT, "nodeid");
  static final long ENTRY_VALID = offset(ENTRY_OUT, "entry_valid");
  static final long ENTRY_ATTR_VALID = offset(ENTRY_OUT, "attr_valid");
  static final long ENTRY_ATTR = offset(ENTRY_OUT, "attr");

  static final long ATTR_VALID = offset(ATTR_OUT, "attr_valid");
  static final long ATTR_ATTR = offset(ATTR_OUT, "attr");

  static final long INO = offset(ATTR, "ino");
  static final long SIZE = offset(ATTR, "size");
  static final long BLOCKS = offset(ATTR, "blocks");
  static final long MODE = offset(ATTR, "mode");
  static final long NLINK = offset(ATTR, "nlink");
  static final long BLKSIZE = offset(ATTR, "blksize");

  static final long OPEN_HANDLE = offset(OPEN_OUT, "fh");
  static final long OPEN_FLAGS = offset(OPEN_OUT, "open_flags");
  static final long OPEN_BACKING = offset(OPEN_OUT, "backing");

  static final long DIRENT_INO = offset(DIRENT, "ino");
  static final long DIRENT_OFF = offset(DIRENT, "off");
  static final long DIRENT_NAMELEN = offset(DIRENT, "namelen");
  static final long DIRENT_TYPE = offset(DIRENT, "type");

  static final long STATFS_BLOCKS = offset(STATFS_OUT, "blocks");
  static final long STATFS_BFREE = offset(STATFS_OUT, "bfree");
  static final long STATFS_BAVAIL = offset(STATFS_OUT, "bavail");
  static final long STATFS_BSIZE = offset(STATFS_OUT, "bsize");
  static final long STATFS_NAMELEN = offset(STATFS_OUT, "namelen");
  static final long STATFS_FRSIZE = offset(STATFS_OUT, "frsize");

  private FuseOffsets() {}
}
