package io.imageharbour.snapshotter.real;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/** What there is to see of a tree of files: kinds, modes, owners, contents, and times of files. */
final class TreeListing {

  private TreeListing() {}

  /** A line for each path, relative to the root, which is {@code ""}. */
  static SortedMap<String, String> of(Path root) throws IOException {
    SortedMap<String, String> lines = new TreeMap<>();
    try (Stream<Path> all = Files.walk(root)) {
      for (Path path : all.toList()) {
        lines.put(root.relativize(path).toString(), line(path));
      }
    }
    return lines;
  }

  private static String line(Path path) throws IOException {
    Map<String, Object> attributes =
        Files.readAttributes(
            path, "unix:mode,uid,gid,size,lastModifiedTime", LinkOption.NOFOLLOW_LINKS);
    String line =
        "%o %s:%s"
            .formatted(
                (Integer) attributes.get("mode"), attributes.get("uid"), attributes.get("gid"));
    if (Files.isSymbolicLink(path)) {
      return line + " -> " + Files.readSymbolicLink(path);
    }
    return Files.isDirectory(path)
        ? line
        : "%s %s %s bytes: %s"
            .formatted(
                line,
                attributes.get("lastModifiedTime"),
                attributes.get("size"),
                beginning(Files.readString(path)));
  }

  private static String beginning(String text) {
    return text.length() < 40 ? text : text.substring(0, 40) + "..., " + text.hashCode();
  }
}
