package io.imageharbour.cli.diff;

import io.imageharbour.cli.tree.FileType;
import io.imageharbour.fusefs.linux.FileStatus;
import io.imageharbour.fusefs.linux.LinuxException;
import io.imageharbour.fusefs.linux.OpenDirectory;
import io.imageharbour.fusefs.linux.OpenFile;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileName;
import io.imageharbour.indexer.Xattr;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.LongConsumer;

/**
 * Reads a tree on this machine whole: every name, every attribute, every byte. Other file systems
 * that are mounted in it are read, too. For one thread.
 */
public final class DirectoryTree {

  private static final int BUFFER_BYTES = 1 << 20;

  private final LongConsumer bytesRead;
  private final MemorySegment buffer;
  private final SortedMap<String, TreeFile> files = new TreeMap<>();

  private DirectoryTree(LongConsumer bytesRead, MemorySegment buffer) {
    this.bytesRead = bytesRead;
    this.buffer = buffer;
  }

  /** What tells a file from all others. */
  private record FileNumber(long fileSystem, long inode) {}

  /** A directory that is being walked; everything before the next name is done. */
  private record Level(OpenDirectory directory, String path, Iterator<FileName> names) {}

  /**
   * Reads the tree below {@code root}.
   *
   * @param bytesRead told of the bytes of contents that were read, as it goes on
   * @throws LinuxException if a file can't be read; it names the file
   */
  public static FileTree read(Path root, LongConsumer bytesRead) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      DirectoryTree tree = new DirectoryTree(bytesRead, arena.allocate(BUFFER_BYTES));
      tree.walk(root);
      return new FileTree(tree.files);
    }
  }

  /** Depth first, and without recursion: paths may be longer than the kernel takes at once. */
  private void walk(Path root) throws LinuxException {
    Deque<Level> open = new ArrayDeque<>();
    try {
      OpenDirectory top = OpenDirectory.open(root);
      open.push(level(top, "/"));
      add("/", top.status(), top.xattrs(), Optional.empty(), Optional.empty());
      while (!open.isEmpty()) {
        Level level = open.element();
        if (level.names().hasNext()) {
          visit(level, level.names().next()).ifPresent(open::push);
        } else {
          open.pop().directory().close();
        }
      }
    } finally {
      open.forEach(level -> level.directory().close());
    }
  }

  private static Level level(OpenDirectory directory, String path) throws LinuxException {
    List<FileName> names;
    try {
      names = directory.list();
    } catch (LinuxException e) {
      directory.close();
      throw e;
    }
    return new Level(directory, path, names.stream().sorted().iterator());
  }

  /** Reads one file; a directory is to be walked next. */
  private Optional<Level> visit(Level level, FileName name) throws LinuxException {
    OpenDirectory directory = level.directory();
    String path = FileTree.child(level.path(), name.toBytes());
    FileStatus status = directory.status(name);
    FileType type = FileType.of(status);
    add(
        path,
        status,
        directory.xattrs(name),
        type == FileType.SYMLINK ? Optional.of(directory.linkTarget(name)) : Optional.empty(),
        type == FileType.FILE ? Optional.of(content(directory, name)) : Optional.empty());
    return type == FileType.DIRECTORY
        ? Optional.of(level(directory.openDirectory(name), path))
        : Optional.empty();
  }

  private void add(
      String path,
      FileStatus status,
      List<Xattr> xattrs,
      Optional<byte[]> target,
      Optional<Digest> content) {
    FileType type = FileType.of(status);
    boolean sized = type == FileType.FILE || type == FileType.SYMLINK;
    boolean device = type == FileType.BLOCK_DEVICE || type == FileType.CHARACTER_DEVICE;
    SortedMap<String, byte[]> attributes = new TreeMap<>();
    xattrs.forEach(xattr -> attributes.put(xattr.name(), xattr.value()));
    files.put(
        path,
        new TreeFile(
            type,
            status.permissions(),
            TreeFile.owner(status.uid(), status.gid()),
            TreeFile.time(status.mtimeSeconds(), status.mtimeNanos()),
            sized ? status.size() : 0,
            status.links(),
            new FileNumber(status.fileSystem(), status.inode()),
            target,
            device ? Optional.of(status.major() + ":" + status.minor()) : Optional.empty(),
            attributes,
            content));
  }

  private Digest content(OpenDirectory directory, FileName name) throws LinuxException {
    MessageDigest sha256 = Digest.newMessageDigest();
    try (OpenFile file = directory.openFile(name)) {
      long length = file.read(buffer);
      while (length > 0) {
        sha256.update(buffer.asSlice(0, length).asByteBuffer());
        bytesRead.accept(length);
        length = file.read(buffer);
      }
    }
    return Digest.fromBytes(sha256.digest());
  }
}
