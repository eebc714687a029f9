package io.imageharbour.fusefs.tree;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.DirectoryEntry;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.FileName;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.Metadata;
import io.imageharbour.indexer.Xattr;
import io.imageharbour.indexer.erofs.OverlayEscapes;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The tree of an image in a few arrays, without an object for each file: some 100 bytes for a file
 * with an ordinary name, so that a daemon can hold those of many images. Inodes have the numbers
 * that they have in the index. Immutable and safe for use by several threads.
 */
final class FileTree {

  /** The number of the root directory. */
  static final int ROOT = 0;

  /** No such file. */
  static final int NONE = -1;

  static final int DIRECTORY = 0040000;
  static final int REGULAR = 0100000;
  static final int SYMBOLIC_LINK = 0120000;
  static final int TYPE = 0170000;

  private static final int BLOCK_DEVICE = 0060000;
  private static final int CHARACTER_DEVICE = 0020000;
  private static final int FIFO = 0010000;
  private static final int SOCKET = 0140000;

  /** What a directory says its size is; the size of its entries is nobody's business here. */
  private static final int DIRECTORY_BYTES = 4096;

  /** An inode, and which entry of which directory leads to it; the root has neither. */
  private record Place(int inode, int entry, Optional<Place> directory) {}

  private final int[] modes;
  private final int[] uids;
  private final int[] gids;
  private final long[] seconds;
  private final int[] nanos;
  private final int[] links;

  /** Which of {@link #attributes} an inode has. */
  private final int[] attributeSets;

  /**
   * Of a directory the number of its first entry, of a regular file that of its content, of a
   * symbolic link where its target begins, of a device its major and minor number as the kernel
   * packs them.
   */
  private final int[] subjects;

  /** Of a directory how many entries it has, of a symbolic link how long its target is. */
  private final int[] counts;

  /** The entries of all directories, one directory after the other, each in the order of names. */
  private final int[] entryInodes;

  /** Where the name of an entry begins; one more than there are entries. */
  private final int[] nameStarts;

  private final byte[] names;
  private final byte[] targets;
  private final long[] sizes;
  private final byte[] digests;
  private final List<List<Xattr>> attributes = new ArrayList<>(List.of(List.of()));
  private final boolean layer;

  /**
   * The tree of an index.
   *
   * @param layer whether it becomes a layer of overlayfs, so that what that would take for an
   *     instruction is escaped
   */
  FileTree(ImageIndex index, boolean layer) {
    this.layer = layer;
    List<Inode> inodes = index.inodes();
    int count = inodes.size();
    modes = new int[count];
    uids = new int[count];
    gids = new int[count];
    seconds = new long[count];
    nanos = new int[count];
    links = new int[count];
    attributeSets = new int[count];
    subjects = new int[count];
    counts = new int[count];
    int entries = 0;
    long nameBytes = 0;
    long targetBytes = 0;
    for (Inode inode : inodes) {
      switch (inode) {
        case Inode.Directory directory -> {
          entries += directory.entries().size();
          for (DirectoryEntry entry : directory.entries()) {
            nameBytes += entry.name().length();
          }
        }
        case Inode.SymbolicLink link -> targetBytes += link.target().length;
        default -> {}
      }
    }
    entryInodes = new int[entries];
    nameStarts = new int[entries + 1];
    names = new byte[Math.toIntExact(nameBytes)];
    targets = new byte[Math.toIntExact(targetBytes)];
    sizes = new long[index.contents().size()];
    digests = new byte[Math.multiplyExact(sizes.length, Digest.BYTES)];
    fill(index);
  }

  private void fill(ImageIndex index) {
    for (int i = 0; i < sizes.length; i++) {
      FileContent content = index.contents().get(i);
      sizes[i] = content.size();
      System.arraycopy(content.digest().toBytes(), 0, digests, i * Digest.BYTES, Digest.BYTES);
    }
    Map<List<Xattr>, Integer> known = new HashMap<>();
    known.put(List.of(), 0);
    OverlayEscapes escapes = new OverlayEscapes(index);
    int entries = 0;
    int target = 0;
    for (int i = 0; i < modes.length; i++) {
      Inode inode = index.inodes().get(i);
      Metadata metadata = inode.metadata();
      modes[i] = metadata.permissions() | type(inode);
      uids[i] = metadata.uid();
      gids[i] = metadata.gid();
      seconds[i] = metadata.mtimeSeconds();
      nanos[i] = metadata.mtimeNanos();
      attributeSets[i] =
          known.computeIfAbsent(layer ? escapes.of(i) : metadata.xattrs(), this::addAttributes);
      switch (inode) {
        case Inode.Directory directory -> {
          links[i] += 2;
          subjects[i] = entries;
          counts[i] = directory.entries().size();
          for (DirectoryEntry entry : directory.entries()) {
            addEntry(entries++, entry);
            boolean below = index.inodes().get(entry.inode()) instanceof Inode.Directory;
            links[below ? i : entry.inode()]++;
          }
        }
        case Inode.RegularFile file -> subjects[i] = file.content();
        case Inode.SymbolicLink link -> {
          subjects[i] = target;
          counts[i] = link.target().length;
          System.arraycopy(link.target(), 0, targets, target, link.target().length);
          target += link.target().length;
        }
        case Inode.Device device -> subjects[i] = deviceNumber(device);
        case Inode.Fifo _, Inode.Socket _ -> {}
      }
    }
  }

  private void addEntry(int number, DirectoryEntry entry) {
    byte[] name = entry.name().toBytes();
    entryInodes[number] = entry.inode();
    System.arraycopy(name, 0, names, nameStarts[number], name.length);
    nameStarts[number + 1] = nameStarts[number] + name.length;
  }

  private int addAttributes(List<Xattr> set) {
    attributes.add(List.copyOf(set));
    return attributes.size() - 1;
  }

  private int type(Inode inode) {
    return switch (inode) {
      case Inode.Directory _ -> DIRECTORY;
      case Inode.RegularFile _ -> REGULAR;
      case Inode.SymbolicLink _ -> SYMBOLIC_LINK;
      case Inode.Device device when layer && OverlayEscapes.isWhiteout(device) -> REGULAR;
      case Inode.Device device -> device.block() ? BLOCK_DEVICE : CHARACTER_DEVICE;
      case Inode.Fifo _ -> FIFO;
      case Inode.Socket _ -> SOCKET;
    };
  }

  private int deviceNumber(Inode.Device device) {
    if (layer && OverlayEscapes.isWhiteout(device)) {
      return NONE;
    }
    // makedev(3) of numbers of 12 and 20 bits
    int minor = device.minor();
    return (minor & 0xFF) | device.major() << 8 | (minor & ~0xFF) << 12;
  }

  /** How many inodes there are. */
  int count() {
    return modes.length;
  }

  /** Type and permissions, as in stat(2). */
  int mode(int inode) {
    return modes[inode];
  }

  int uid(int inode) {
    return uids[inode];
  }

  int gid(int inode) {
    return gids[inode];
  }

  /** Seconds of the modification time since 1970. */
  long seconds(int inode) {
    return seconds[inode];
  }

  int nanos(int inode) {
    return nanos[inode];
  }

  /** How many names an inode has; of a directory, two and its subdirectories. */
  int links(int inode) {
    return links[inode];
  }

  List<Xattr> attributes(int inode) {
    return attributes.get(attributeSets[inode]);
  }

  /** Whether any inode has attributes. */
  boolean hasAttributes() {
    return attributes.size() > 1;
  }

  boolean is(int type, int inode) {
    return (modes[inode] & TYPE) == type;
  }

  /** The size as stat(2) says it, in bytes. */
  long size(int inode) {
    return switch (modes[inode] & TYPE) {
      case REGULAR -> subjects[inode] == NONE ? 0 : sizes[subjects[inode]];
      case DIRECTORY -> DIRECTORY_BYTES;
      case SYMBOLIC_LINK -> counts[inode];
      default -> 0;
    };
  }

  /** What is in a regular file. */
  Digest digest(int inode) {
    int content = subjects[inode];
    return content == NONE
        ? Digest.EMPTY
        : Digest.fromBytes(
            Arrays.copyOfRange(digests, content * Digest.BYTES, (content + 1) * Digest.BYTES));
  }

  /**
   * The first path of a file that has a content, with a "/" before each name; looks through the
   * whole tree. What is not UTF-8 in it shows as replacement characters.
   */
  Optional<String> path(Digest digest) {
    Deque<Place> places = new ArrayDeque<>(List.of(new Place(ROOT, NONE, Optional.empty())));
    while (!places.isEmpty()) {
      Place directory = places.removeFirst();
      for (int i = 0; i < entries(directory.inode()); i++) {
        int inode = entryInode(directory.inode(), i);
        Place place = new Place(inode, subjects[directory.inode()] + i, Optional.of(directory));
        if (is(DIRECTORY, inode)) {
          places.addLast(place);
        } else if (is(REGULAR, inode) && digest(inode).equals(digest)) {
          return Optional.of(path(place));
        }
      }
    }
    return Optional.empty();
  }

  private String path(Place place) {
    Deque<String> path = new ArrayDeque<>();
    for (Place at = place; at.directory().isPresent(); at = at.directory().get()) {
      int start = nameStarts[at.entry()];
      path.addFirst(new String(names, start, nameStarts[at.entry() + 1] - start, UTF_8));
    }
    return "/" + String.join("/", path);
  }

  /** Major and minor number of a device, as stat(2) says them; 0 of other files. */
  long device(int inode) {
    return switch (modes[inode] & TYPE) {
      case BLOCK_DEVICE, CHARACTER_DEVICE -> Integer.toUnsignedLong(subjects[inode]);
      default -> 0;
    };
  }

  /** Where a symbolic link points. */
  byte[] target(int inode) {
    return Arrays.copyOfRange(targets, subjects[inode], subjects[inode] + counts[inode]);
  }

  /** How many names a directory has. */
  int entries(int directory) {
    return counts[directory];
  }

  /** The inode of a directory's entry, by its position. */
  int entryInode(int directory, int position) {
    return entryInodes[subjects[directory] + position];
  }

  /** Writes the name of a directory's entry, and a NUL, at the begin of a buffer. */
  void entryName(int directory, int position, MemorySegment buffer) {
    int entry = subjects[directory] + position;
    int length = nameStarts[entry + 1] - nameStarts[entry];
    MemorySegment.copy(names, nameStarts[entry], buffer, ValueLayout.JAVA_BYTE, 0, length);
    buffer.set(ValueLayout.JAVA_BYTE, length, (byte) 0);
  }

  /**
   * The inode that a path leads to, from the root directory and through no symbolic link, or {@link
   * #NONE}.
   *
   * @param path names with slashes before them, without "." and "..", and a NUL at the end
   */
  int find(MemorySegment path) {
    int inode = ROOT;
    long start = 0;
    while (true) {
      while (path.get(ValueLayout.JAVA_BYTE, start) == '/') {
        start++;
      }
      long end = start;
      byte next = path.get(ValueLayout.JAVA_BYTE, end);
      while (next != '/' && next != 0) {
        end++;
        next = path.get(ValueLayout.JAVA_BYTE, end);
      }
      if (end == start) {
        return inode;
      }
      inode = find(inode, path, start, end);
      if (inode == NONE) {
        return NONE;
      }
      start = end;
    }
  }

  private int find(int directory, MemorySegment path, long start, long end) {
    if (!is(DIRECTORY, directory) || end - start > FileName.MAX_BYTES) {
      return NONE;
    }
    byte[] name = path.asSlice(start, end - start).toArray(ValueLayout.JAVA_BYTE);
    int low = subjects[directory];
    int high = low + counts[directory] - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      int order =
          Arrays.compareUnsigned(
              names, nameStarts[middle], nameStarts[middle + 1], name, 0, name.length);
      if (order == 0) {
        return entryInodes[middle];
      }
      if (order < 0) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return NONE;
  }
}
