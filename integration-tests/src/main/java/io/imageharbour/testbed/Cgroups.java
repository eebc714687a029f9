package io.imageharbour.testbed;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** The control groups that runc makes for containers, in the hierarchies of both versions. */
final class Cgroups {

  private static final Path ROOT = Path.of("/sys/fs/cgroup");

  private Cgroups() {}

  /** Removes the groups that a containerd namespace of this tag left, which have no process. */
  static void removeAll(String tag) throws IOException {
    for (Path hierarchy : children(ROOT, "")) {
      remove(hierarchy, tag);
    }
    remove(ROOT, tag);
  }

  private static void remove(Path hierarchy, String tag) throws IOException {
    for (Path group : children(hierarchy, tag)) {
      try (Stream<Path> tree = Files.walk(group)) {
        // A group cannot be emptied, only removed: its files are not files.
        for (Path member :
            tree.filter(Files::isDirectory).sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(member);
        }
      }
    }
  }

  private static List<Path> children(Path parent, String prefix) throws IOException {
    try (Stream<Path> entries = Files.list(parent)) {
      return entries
          .filter(entry -> entry.getFileName().toString().startsWith(prefix))
          .filter(Files::isDirectory)
          .toList();
    }
  }
}
