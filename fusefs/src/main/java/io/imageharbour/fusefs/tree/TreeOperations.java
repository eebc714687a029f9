package io.imageharbour.fusefs.tree;

import static io.imageharbour.fusefs.tree.Structures.MEMORY;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.imageharbour.fusefs.linux.Errno;
import io.imageharbour.fusefs.mount.ContentFiles;
import io.imageharbour.fusefs.mount.OpenedContent;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.Xattr;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What libfuse is answered: the tree from memory, contents from {@link ContentFiles}. Called by the
 * threads of a {@link RequestLoop}. Whatever fails is EIO, and logged.
 */
final class TreeOperations {

  /** {@code fuse_fill_dir_t}. */
  private static final MethodHandle FILL =
      Linker.nativeLinker()
          .downcallHandle(FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG));

  /** The longest name, and a NUL. */
  private static final int NAME_BYTES = 256;

  private final FileTree tree;
  private final String image;
  private final ContentFiles files;
  private final ConcurrentMap<Long, Opened> opened = new ConcurrentHashMap<>();
  private final AtomicLong nextHandle = new AtomicLong(1);
  private final long bytes;

  /** An open file. An empty one has nothing to read. */
  private record Opened(int inode, Optional<OpenedContent> content) {}

  private interface Operation {
    int run() throws IOException, InterruptedException;
  }

  /**
   * @param image by whose name contents are asked for
   */
  TreeOperations(FileTree tree, String image, ContentFiles files) {
    this.tree = tree;
    this.image = image;
    this.files = files;
    long sum = 0;
    for (int i = 0; i < tree.count(); i++) {
      sum += tree.is(FileTree.REGULAR, i) ? tree.size(i) : 0;
    }
    bytes = sum;
  }

  int attributes(long path, long stat) {
    return answer(
        Optional.empty(),
        () -> {
          int inode = find(path);
          if (inode == FileTree.NONE) {
            return -Errno.ENOENT;
          }
          Structures.fillStat(stat, tree, inode);
          return 0;
        });
  }

  int attributesOfOpened(long path, long stat, long info) {
    Opened file = opened.get(Structures.handle(info));
    if (file == null) {
      return -Errno.EBADF;
    }
    Structures.fillStat(stat, tree, file.inode());
    return 0;
  }

  int readLink(long path, long buffer, long size) {
    return answer(
        Optional.empty(),
        () -> {
          int inode = find(path);
          if (inode == FileTree.NONE || !tree.is(FileTree.SYMBOLIC_LINK, inode)) {
            return inode == FileTree.NONE ? -Errno.ENOENT : -Errno.EINVAL;
          }
          byte[] target = tree.target(inode);
          int length = (int) Math.min(target.length, size - 1);
          MemorySegment.copy(target, 0, MEMORY, JAVA_BYTE, buffer, length);
          MEMORY.set(JAVA_BYTE, buffer + length, (byte) 0);
          return 0;
        });
  }

  int openDirectory(long path, long info) {
    return answer(
        Optional.empty(),
        () -> {
          int inode = find(path);
          if (inode == FileTree.NONE || !tree.is(FileTree.DIRECTORY, inode)) {
            return inode == FileTree.NONE ? -Errno.ENOENT : -Errno.ENOTDIR;
          }
          Structures.setHandle(info, inode);
          return 0;
        });
  }

  /** Gives libfuse all names at once; it keeps them for as long as the directory is open. */
  int readDirectory(long path, long buffer, long filler, long offset, long info) {
    return answer(
        Optional.empty(),
        () -> {
          int directory = (int) Structures.handle(info);
          try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocate(NAME_BYTES);
            MemorySegment stat = arena.allocate(Structures.STAT_BYTES, Long.BYTES);
            MemorySegment target = MemorySegment.ofAddress(buffer);
            MemorySegment fill = MemorySegment.ofAddress(filler);
            boolean full = false;
            for (String dots : List.of(".", "..")) {
              // of the directory above the kernel knows the number, and shows it where it is asked
              Structures.fillEntry(stat.address(), tree, directory);
              name.setString(0, dots);
              full = full || fill(fill, target, name, stat);
            }
            for (int i = 0; i < tree.entries(directory) && !full; i++) {
              tree.entryName(directory, i, name);
              Structures.fillEntry(stat.address(), tree, tree.entryInode(directory, i));
              full = fill(fill, target, name, stat);
            }
            return full ? -Errno.ENOMEM : 0;
          }
        });
  }

  int open(long path, long info) {
    int inode = find(path);
    if (inode == FileTree.NONE || !tree.is(FileTree.REGULAR, inode)) {
      return inode == FileTree.NONE ? -Errno.ENOENT : -Errno.EINVAL;
    }
    Digest digest = tree.digest(inode);
    return answer(
        Optional.of(digest),
        () -> {
          Optional<OpenedContent> content =
              tree.size(inode) == 0 ? Optional.empty() : Optional.of(files.open(image, digest));
          Structures.keepPages(info);
          long handle = nextHandle.getAndIncrement();
          opened.put(handle, new Opened(inode, content));
          Structures.setHandle(info, handle);
          return 0;
        });
  }

  int read(long path, long buffer, long size, long offset, long info) {
    Opened file = opened.get(Structures.handle(info));
    if (file == null) {
      return -Errno.EBADF;
    }
    if (file.content().isEmpty()) {
      return 0;
    }
    return answer(
        Optional.of(tree.digest(file.inode())),
        () -> file.content().get().read(offset, MEMORY.asSlice(buffer, size)));
  }

  int release(long path, long info) {
    Opened file = opened.remove(Structures.handle(info));
    return file == null ? 0 : close(file);
  }

  int statistics(long path, long statvfs) {
    Structures.fillStatistics(statvfs, tree.count(), bytes);
    return 0;
  }

  int attribute(long path, long name, long buffer, long size) {
    if (!tree.hasAttributes()) {
      return -Errno.ENODATA;
    }
    return answer(
        Optional.empty(),
        () -> {
          int inode = find(path);
          if (inode == FileTree.NONE) {
            return -Errno.ENOENT;
          }
          List<Xattr> attributes = tree.attributes(inode);
          if (attributes.isEmpty()) {
            return -Errno.ENODATA;
          }
          String wanted =
              new String(
                  MEMORY.asSlice(name, Structures.length(name)).toArray(JAVA_BYTE),
                  StandardCharsets.UTF_8);
          for (Xattr attribute : attributes) {
            if (attribute.name().equals(wanted)) {
              return put(attribute.value(), buffer, size);
            }
          }
          return -Errno.ENODATA;
        });
  }

  int attributeNames(long path, long buffer, long size) {
    return answer(
        Optional.empty(),
        () -> {
          int inode = find(path);
          if (inode == FileTree.NONE) {
            return -Errno.ENOENT;
          }
          StringBuilder names = new StringBuilder();
          tree.attributes(inode).forEach(each -> names.append(each.name()).append('\0'));
          return put(names.toString().getBytes(StandardCharsets.UTF_8), buffer, size);
        });
  }

  /** Closes the files that are still open, after the last request. */
  void close() {
    opened.values().forEach(this::close);
    opened.clear();
  }

  private int find(long path) {
    return tree.find(MEMORY.asSlice(path));
  }

  private int close(Opened file) {
    return answer(
        Optional.of(tree.digest(file.inode())),
        () -> {
          if (file.content().isPresent()) {
            file.content().get().close();
          }
          return 0;
        });
  }

  /** Copies a value as getxattr(2) and listxattr(2) want it. */
  private static int put(byte[] value, long buffer, long size) {
    if (size == 0) {
      return value.length;
    }
    if (value.length > size) {
      return -Errno.ERANGE;
    }
    MemorySegment.copy(value, 0, MEMORY, JAVA_BYTE, buffer, value.length);
    return value.length;
  }

  private static boolean fill(
      MemorySegment filler, MemorySegment buffer, MemorySegment name, MemorySegment stat) {
    try {
      return (int) FILL.invokeExact(filler, buffer, name, stat, 0L) != 0;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("a downcall throws nothing that is checked", e);
    }
  }

  /** The one place where failures become error numbers. Nothing may be thrown into libfuse. */
  private int answer(Optional<Digest> digest, Operation operation) {
    try {
      return operation.run();
    } catch (InterruptedException e) {
      return -Errno.EINTR;
    } catch (IOException | RuntimeException | Error e) {
      files.failed("read-failed", digest, e);
      return -Errno.EIO;
    }
  }
}
