package io.imageharbour.indexer.erofs;

import io.imageharbour.indexer.Digest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** A mounted tree as system calls show it. Bytes that may be anything are made printable. */
final class TreeOnDisk {

  /**
   * A file.
   *
   * @param links how many names it has; of a directory, two and its subdirectories
   * @param size 0 for directories
   * @param firstName the first of its names, which tells hard links from copies
   * @param data target of a symbolic link, digest of the content of a regular file if it was read
   */
  record Entry(
      String type,
      int permissions,
      int uid,
      int gid,
      int links,
      long device,
      long size,
      Instant time,
      String firstName,
      String data,
      Map<String, String> xattrs) {}

  private record Attributes(Map<String, Object> values) {

    boolean is(String name) {
      return (boolean) value(name);
    }

    Number number(String name) {
      return (Number) value(name);
    }

    Instant time(String name) {
      return ((FileTime) value(name)).toInstant();
    }

    private Object value(String name) {
      return Objects.requireNonNull(values.get(name), name);
    }
  }

  private final Map<String, Entry> entries = new TreeMap<>();
  private final Map<Long, String> firstNames = new HashMap<>();
  private final Path root;
  private final boolean contents;

  private TreeOnDisk(Path root, boolean contents) {
    this.root = root;
    this.contents = contents;
  }

  /** All files below a directory, by path from it; the directory itself has the path "". */
  static Map<String, Entry> read(Path root) throws IOException {
    TreeOnDisk tree = new TreeOnDisk(root, false);
    tree.read(root, "");
    return tree.entries;
  }

  /** The same with the contents of files. */
  static Map<String, Entry> readWithContents(Path root) throws IOException {
    TreeOnDisk tree = new TreeOnDisk(root, true);
    tree.read(root, "");
    return tree.entries;
  }

  private void read(Path file, String path) throws IOException {
    Attributes attributes =
        new Attributes(Files.readAttributes(file, "unix:*", LinkOption.NOFOLLOW_LINKS));
    int mode = attributes.number("mode").intValue();
    boolean directory = attributes.is("isDirectory");
    String pathBytes = root + path;
    Map<String, String> xattrs = new TreeMap<>();
    for (String name : SystemCalls.listxattr(pathBytes)) {
      xattrs.put(name, Latin1.printable(SystemCalls.getxattr(pathBytes, name)));
    }
    String shown = Latin1.printable(Latin1.encode(path));
    entries.put(
        shown,
        new Entry(
            Integer.toOctalString(mode & 0170000),
            mode & 07777,
            attributes.number("uid").intValue(),
            attributes.number("gid").intValue(),
            attributes.number("nlink").intValue(),
            attributes.number("rdev").longValue(),
            directory ? 0 : attributes.number("size").longValue(),
            attributes.time("lastModifiedTime"),
            firstNames.computeIfAbsent(attributes.number("ino").longValue(), inode -> shown),
            data(file, pathBytes, attributes),
            xattrs));
    if (directory) {
      List<Path> sorted = new ArrayList<>();
      try (DirectoryStream<Path> children = Files.newDirectoryStream(file)) {
        children.forEach(sorted::add);
      }
      Collections.sort(sorted);
      for (Path child : sorted) {
        read(child, path + "/" + name(child));
      }
    }
  }

  private String data(Path file, String path, Attributes attributes) throws IOException {
    if (attributes.is("isSymbolicLink")) {
      return Latin1.printable(SystemCalls.readlink(path));
    }
    return contents && attributes.is("isRegularFile")
        ? Digest.sha256(Files.readAllBytes(file)).hex()
        : "";
  }

  /** The last name of a path; its URI shows the bytes where {@code toString} would decode them. */
  private static String name(Path path) {
    String escaped = path.getFileName().toUri().getRawPath();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int i = escaped.lastIndexOf('/', escaped.length() - 2) + 1; i < escaped.length(); i++) {
      if (escaped.charAt(i) == '%') {
        bytes.write(Integer.parseInt(escaped, i + 1, i + 3, 16));
        i += 2;
      } else if (escaped.charAt(i) != '/') {
        bytes.write(escaped.charAt(i));
      }
    }
    return Latin1.decode(bytes.toByteArray());
  }
}
