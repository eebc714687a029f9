package io.imageharbour.indexer.erofs;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.DirectoryEntry;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.Metadata;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** What a mounted image must look like, worked out from its index alone. */
final class ExpectedTree {

  private final ImageIndex index;
  private final boolean throughOverlay;
  private final Map<String, TreeOnDisk.Entry> entries = new TreeMap<>();
  private final Map<Integer, String> firstNames = new HashMap<>();
  private final int[] links;

  private ExpectedTree(ImageIndex index, boolean throughOverlay) {
    this.index = index;
    this.throughOverlay = throughOverlay;
    links = new int[index.inodes().size()];
    for (int i = 0; i < links.length; i++) {
      if (index.inodes().get(i) instanceof Inode.Directory directory) {
        links[i] += 2;
        for (DirectoryEntry entry : directory.entries()) {
          links[index.inodes().get(entry.inode()) instanceof Inode.Directory ? i : entry.inode()]++;
        }
      }
    }
  }

  /** The files of an image as it lies. */
  static Map<String, TreeOnDisk.Entry> of(ImageIndex index) {
    ExpectedTree tree = new ExpectedTree(index, false);
    tree.add("", 0);
    return tree.entries;
  }

  /** The files of an image seen through overlayfs, with their contents. */
  static Map<String, TreeOnDisk.Entry> throughOverlay(ImageIndex index) {
    ExpectedTree tree = new ExpectedTree(index, true);
    tree.add("", 0);
    return tree.entries;
  }

  private void add(String path, int number) {
    Inode inode = index.inodes().get(number);
    Metadata metadata = inode.metadata();
    Map<String, String> xattrs = new TreeMap<>();
    metadata
        .xattrs()
        .forEach(
            xattr ->
                xattrs.put(seen(Latin1.ofUtf8(xattr.name())), Latin1.printable(xattr.value())));
    String type;
    long size = 0;
    long device = 0;
    String data = "";
    switch (inode) {
      case Inode.Directory directory -> {
        type = "40000";
        if (hasWhiteout(directory)) {
          xattrs.putIfAbsent(seen("trusted.overlay.opaque"), "x");
        }
      }
      case Inode.RegularFile file -> {
        type = "100000";
        FileContent content = index.contents().get(file.content());
        size = content.size();
        data = throughOverlay ? content.digest().hex() : "";
        if (size > 0 && !throughOverlay) {
          String digest = content.digest().hex();
          xattrs.put("trusted.overlay.metacopy", "");
          xattrs.put(
              "trusted.overlay.redirect", "/" + digest.substring(0, 2) + "/" + digest.substring(2));
        }
      }
      case Inode.SymbolicLink link -> {
        type = "120000";
        data = Latin1.printable(link.target());
        size = link.target().length;
      }
      case Inode.Device whiteout when isWhiteout(whiteout) -> {
        type = "100000";
        data = throughOverlay ? Digest.EMPTY.hex() : "";
        xattrs.put(seen("trusted.overlay.whiteout"), "");
      }
      case Inode.Device other -> {
        type = other.block() ? "60000" : "20000";
        device = deviceNumber(other.major(), other.minor());
      }
      case Inode.Fifo fifo -> type = "10000";
      case Inode.Socket socket -> type = "140000";
    }
    String shown = Latin1.printable(Latin1.encode(path));
    entries.put(
        shown,
        new TreeOnDisk.Entry(
            type,
            metadata.permissions(),
            metadata.uid(),
            metadata.gid(),
            links[number],
            device,
            size,
            Instant.ofEpochSecond(metadata.mtimeSeconds(), metadata.mtimeNanos()),
            firstNames.computeIfAbsent(number, first -> shown),
            data,
            xattrs));
    if (inode instanceof Inode.Directory directory) {
      for (DirectoryEntry entry : directory.entries()) {
        add(path + "/" + Latin1.decode(entry.name().toBytes()), entry.inode());
      }
    }
  }

  /** The name under which an attribute of the image is seen. */
  private String seen(String name) {
    return throughOverlay ? name : name.replaceFirst("^trusted\\.overlay\\.", "$0overlay.");
  }

  private boolean hasWhiteout(Inode.Directory directory) {
    return directory.entries().stream()
        .anyMatch(
            entry ->
                index.inodes().get(entry.inode()) instanceof Inode.Device device
                    && isWhiteout(device));
  }

  private static boolean isWhiteout(Inode.Device device) {
    return !device.block() && device.major() == 0 && device.minor() == 0;
  }

  /** A device number as {@code makedev(3)} of glibc puts it together. */
  private static long deviceNumber(long major, long minor) {
    return (major & 0xfff) << 8 | minor & 0xff | (minor & ~0xffL) << 12;
  }
}
