package io.imageharbour.indexer;

import io.imageharbour.indexer.format.IndexBuilder;
import io.imageharbour.indexer.format.InvalidTreeException;
import io.imageharbour.indexer.format.PlacedChunk;
import io.imageharbour.indexer.format.PlacedFrame;
import io.imageharbour.indexer.format.TreeNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * An image made up by chance, for property tests: any legal tree with the corners that Linux has.
 * The same seed gives the same image.
 */
public final class RandomImage {

  private static final String NAME_CHARACTERS = "abc!-./~\n %\\\"é";

  private final Random random;
  private final List<TreeNode> files = new ArrayList<>();
  private final List<Xattr> usedXattrs = new ArrayList<>();
  private final Map<Digest, byte[]> contents = new HashMap<>();
  private final IndexBuilder builder = new IndexBuilder();
  private final PackSketch pack;
  private final TreeNode.Directory root;

  /**
   * Makes an image.
   *
   * @param size how many names it has
   */
  public RandomImage(long seed, int size) {
    random = new Random(seed);
    pack = new PackSketch();
    root = new TreeNode.Directory(metadata(true));
    List<TreeNode.Directory> directories = new ArrayList<>(List.of(root));
    for (int i = 0; i < size; i++) {
      TreeNode.Directory parent = directories.get(random.nextInt(directories.size()));
      TreeNode node = node();
      if (parent.entries().putIfAbsent(name(), node) == null) {
        if (node instanceof TreeNode.Directory directory) {
          if (directories.size() < 12) {
            directories.add(directory);
          }
        } else {
          files.add(node);
        }
      }
    }
    builder.addPack(pack.digest, pack.offset + 10);
    for (int i = random.nextInt(3); i > 0; i--) {
      builder.addOrigin("registry-" + i + ".example:5000/some/image_" + i);
    }
  }

  /** The index of the image. */
  public ImageIndex index() {
    try {
      return builder.build(root);
    } catch (InvalidTreeException e) {
      throw new AssertionError(e);
    }
  }

  /** The bytes of every content by digest. */
  public Map<Digest, byte[]> contents() {
    return contents;
  }

  private TreeNode node() {
    return switch (random.nextInt(14)) {
      case 0, 1, 2 -> new TreeNode.Directory(metadata(true));
      case 3, 4 -> new TreeNode.Special(new Inode.SymbolicLink(metadata(false), target()));
      case 5 -> new TreeNode.Special(device());
      case 6 -> new TreeNode.Special(new Inode.Fifo(metadata(false)));
      case 7 -> new TreeNode.Special(new Inode.Socket(metadata(false)));
      case 8, 9 -> files.isEmpty() ? file() : files.get(random.nextInt(files.size()));
      default -> file();
    };
  }

  private TreeNode file() {
    return new TreeNode.RegularFile(metadata(true), content());
  }

  private Inode device() {
    boolean whiteout = random.nextInt(3) == 0;
    return new Inode.Device(
        metadata(false),
        !whiteout && random.nextBoolean(),
        whiteout ? 0 : random.nextInt(1 << 12),
        whiteout ? 0 : random.nextInt(1 << 20));
  }

  private Digest content() {
    if (random.nextInt(6) == 0) {
      return Digest.EMPTY;
    }
    if (random.nextInt(5) == 0 && !contents.isEmpty()) {
      return contents.keySet().stream().sorted().findFirst().orElseThrow();
    }
    byte[] bytes = bytes(1 + random.nextInt(random.nextInt(10) == 0 ? 20_000 : 200));
    Digest digest = Digest.sha256(bytes);
    contents.put(digest, bytes);
    builder.addContent(
        digest,
        bytes.length,
        bytes.length < 10_000
            ? List.of(pack.place(digest, bytes.length))
            : List.of(
                pack.place(Digest.sha256(ByteBuffer.wrap(bytes, 0, 8_000)), 8_000),
                pack.place(
                    Digest.sha256(ByteBuffer.wrap(bytes, 8_000, bytes.length - 8_000)),
                    bytes.length - 8_000)));
    return digest;
  }

  private FileName name() {
    while (true) {
      int length = random.nextInt(20) == 0 ? 1 + random.nextInt(255) : 1 + random.nextInt(6);
      byte[] name = new byte[length];
      for (int i = 0; i < length; i++) {
        name[i] =
            random.nextInt(10) == 0
                ? (byte) random.nextInt()
                : (byte) NAME_CHARACTERS.charAt(random.nextInt(NAME_CHARACTERS.length()));
      }
      try {
        return FileName.of(name);
      } catch (IllegalArgumentException e) {
        continue; // not a name; the next one may be
      }
    }
  }

  private byte[] target() {
    int length = 1 + random.nextInt(random.nextInt(6) == 0 ? 4095 : 60);
    byte[] target = bytes(length);
    for (int i = 0; i < length; i++) {
      target[i] = target[i] == 0 ? (byte) '/' : target[i];
    }
    return target;
  }

  private Metadata metadata(boolean userXattrs) {
    return new Metadata(
        random.nextInt(010000),
        random.nextInt(4) == 0 ? random.nextInt(Integer.MAX_VALUE) * 2 : 0,
        random.nextInt(4) == 0 ? random.nextInt(Integer.MAX_VALUE) * 2 : 0,
        seconds(),
        random.nextInt(3) == 0 ? random.nextInt(1_000_000_000) : 0,
        xattrs(userXattrs));
  }

  private long seconds() {
    return switch (random.nextInt(6)) {
      case 0 -> -random.nextInt(Integer.MAX_VALUE);
      case 1 -> (1L << 31) + random.nextInt(Integer.MAX_VALUE);
      case 2 -> random.nextInt();
      default -> 1_700_000_000L + random.nextInt(3);
    };
  }

  private List<Xattr> xattrs(boolean user) {
    if (random.nextInt(3) > 0) {
      return List.of();
    }
    Map<String, Xattr> xattrs = new HashMap<>();
    for (int i = 1 + random.nextInt(4); i > 0; i--) {
      Xattr xattr =
          random.nextInt(3) == 0 && !usedXattrs.isEmpty()
              ? usedXattrs.get(random.nextInt(usedXattrs.size()))
              : xattr();
      if (user || !(xattr.name().startsWith("user.") || xattr.name().startsWith("system."))) {
        usedXattrs.add(xattr);
        xattrs.put(xattr.name(), xattr);
      }
    }
    return List.copyOf(xattrs.values());
  }

  private Xattr xattr() {
    byte[] value = bytes(random.nextInt(20) == 0 ? random.nextInt(9_000) : random.nextInt(40));
    return switch (random.nextInt(7)) {
      case 0 -> new Xattr("user." + "long name ".repeat(random.nextInt(25)) + "x", value);
      case 1 -> new Xattr("user.é" + random.nextInt(4), value);
      case 2 -> new Xattr("trusted.t" + random.nextInt(4), value);
      case 3 -> new Xattr("trusted.overlay.o" + random.nextInt(4), value);
      case 4 -> new Xattr("security.s" + random.nextInt(4), value);
      case 5 -> new Xattr("security.capability", capability());
      default -> new Xattr("system.posix_acl_access", accessControlList());
    };
  }

  /** {@code struct vfs_cap_data} of revision 2, with random permitted capabilities. */
  private byte[] capability() {
    return littleEndian(20)
        .putInt(0x02000001)
        .putInt(random.nextInt())
        .putInt(0)
        .putInt(random.nextInt(0x1ff))
        .putInt(0)
        .array();
  }

  /**
   * A list in the form that {@code getxattr(2)} has, version 2: owner, a user, group, mask, others.
   */
  private byte[] accessControlList() {
    ByteBuffer list = littleEndian(4 + 5 * 8).putInt(2);
    int[] tags = {0x01, 0x02, 0x04, 0x10, 0x20};
    for (int tag : tags) {
      list.putShort((short) tag).putShort((short) random.nextInt(8));
      list.putInt(tag == 0x02 ? random.nextInt(60_000) : -1);
    }
    return list.array();
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  /** Frames that nobody compressed: only their places matter here. */
  private final class PackSketch {
    final Digest digest = Digest.sha256(new byte[] {(byte) random.nextInt()});
    long offset = random.nextInt(3);

    PlacedChunk place(Digest chunk, int size) {
      int before = random.nextInt(50);
      PlacedFrame frame =
          new PlacedFrame(digest, offset, 1 + random.nextInt(30_000), before + size);
      offset += frame.compressedSize() + random.nextInt(2);
      return new PlacedChunk(chunk, size, frame, before);
    }
  }
}
