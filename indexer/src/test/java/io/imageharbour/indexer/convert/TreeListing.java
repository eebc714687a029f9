package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.DirectoryEntry;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.Metadata;
import io.imageharbour.indexer.Xattr;
import io.imageharbour.indexer.layer.TarEntry;
import io.imageharbour.indexer.layer.TarReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Trees as lines of text, one for every path, for comparing them. */
final class TreeListing {

  private static final HexFormat HEX = HexFormat.of();

  private TreeListing() {}

  /** Lists an index. */
  static SortedMap<String, String> of(ImageIndex index) {
    SortedMap<String, String> lines = new TreeMap<>();
    walk(index, 0, "", new HashMap<>(), lines);
    return lines;
  }

  private static void walk(
      ImageIndex index,
      int directory,
      String path,
      Map<Integer, String> names,
      SortedMap<String, String> lines) {
    Inode.Directory node = (Inode.Directory) index.inodes().get(directory);
    for (DirectoryEntry entry : node.entries()) {
      String name = path + latin1(entry.name().toBytes());
      Inode inode = index.inodes().get(entry.inode());
      String first = names.putIfAbsent(entry.inode(), name);
      if (first != null) {
        lines.put(name, "same as " + first);
        continue;
      }
      String what =
          switch (inode) {
            case Inode.Directory _ -> "directory";
            case Inode.RegularFile file -> {
              FileContent content = index.contents().get(file.content());
              yield "file of " + content.size() + " " + content.digest();
            }
            case Inode.SymbolicLink link -> "link to " + latin1(link.target());
            case Inode.Device device ->
                (device.block() ? "block " : "char ") + device.major() + ":" + device.minor();
            case Inode.Fifo _ -> "fifo";
            case Inode.Socket _ -> "socket";
          };
      lines.put(name, what + " " + describe(inode.metadata()));
      if (inode instanceof Inode.Directory) {
        walk(index, entry.inode(), name + "/", names, lines);
      }
    }
  }

  /** Lists what an archive of a mounted tree holds; times after {@code start} show as "now". */
  static SortedMap<String, String> ofArchive(InputStream archive, long startSeconds)
      throws IOException {
    SortedMap<String, String> lines = new TreeMap<>();
    Map<String, String> names = new HashMap<>();
    TarReader tar = new TarReader(archive);
    for (Optional<TarEntry> next = tar.next(); next.isPresent(); next = tar.next()) {
      TarEntry entry = next.get();
      String name = clean(latin1(entry.name()));
      if (name.isEmpty()) {
        continue;
      }
      if (entry.type() == TarEntry.Type.HARD_LINK) {
        String target = clean(latin1(entry.linkName()));
        lines.put(name, "same as " + names.getOrDefault(target, target));
        continue;
      }
      String what =
          switch (entry.type()) {
            case DIRECTORY -> "directory";
            case REGULAR_FILE ->
                "file of " + entry.size() + " " + Digest.sha256(tar.content().readAllBytes());
            case SYMBOLIC_LINK -> "link to " + latin1(entry.linkName());
            case BLOCK_DEVICE -> "block " + entry.major() + ":" + entry.minor();
            case CHARACTER_DEVICE -> "char " + entry.major() + ":" + entry.minor();
            case FIFO -> "fifo";
            case HARD_LINK -> throw new AssertionError();
          };
      Metadata metadata =
          new Metadata(
              entry.permissions(),
              (int) entry.uid(),
              (int) entry.gid(),
              entry.mtimeSeconds(),
              entry.mtimeNanos(),
              entry.xattrs().stream().sorted(Xattr.NAME_ORDER).toList());
      String line = what + " " + describe(metadata);
      lines.put(
          name,
          entry.mtimeSeconds() >= startSeconds ? line.replaceAll(" @[0-9.-]+", " @now") : line);
    }
    return lines;
  }

  /** The lines of {@code ours} with times left out where those of {@code theirs} say "now". */
  static SortedMap<String, String> withoutNow(
      SortedMap<String, String> ours, SortedMap<String, String> theirs) {
    SortedMap<String, String> lines = new TreeMap<>(ours);
    lines.replaceAll(
        (name, line) ->
            theirs.getOrDefault(name, "").contains(" @now")
                ? line.replaceAll(" @[0-9.-]+", " @now")
                : line);
    return lines;
  }

  private static String describe(Metadata metadata) {
    return "%o %d:%d @%d.%09d %s"
        .formatted(
            metadata.permissions(),
            Integer.toUnsignedLong(metadata.uid()),
            Integer.toUnsignedLong(metadata.gid()),
            metadata.mtimeSeconds(),
            metadata.mtimeNanos(),
            xattrs(metadata.xattrs()));
  }

  private static String xattrs(List<Xattr> xattrs) {
    return xattrs.stream()
        .map(xattr -> xattr.name() + "=" + HEX.formatHex(xattr.value()))
        .collect(Collectors.joining(" "));
  }

  private static String clean(String path) {
    return path.replaceAll("^\\./|/$", "").replaceAll("^\\.$", "");
  }

  private static String latin1(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }
}
