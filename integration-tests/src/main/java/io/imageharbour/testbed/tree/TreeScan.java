package io.imageharbour.testbed.tree;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** Reads a mounted tree whole: every name, every attribute, every byte. */
final class TreeScan {

  private static final int TYPE_MASK = 0170000;

  private final String root;
  private final LinuxFiles files;
  private final Map<Long, String> firstNames = new HashMap<>();
  private final SortedMap<String, TreeEntry> entries = new TreeMap<>();

  private TreeScan(String root, LinuxFiles files) {
    this.root = root;
    this.files = files;
  }

  /** Every name below {@code root} by its path, which begins with "/"; the root itself is "/". */
  static SortedMap<String, TreeEntry> of(Path root) throws IOException {
    try (LinuxFiles files = new LinuxFiles()) {
      TreeScan scan = new TreeScan(root.toAbsolutePath().toString(), files);
      scan.walk();
      return scan.entries;
    }
  }

  private void walk() throws IOException {
    Deque<String> directories = new ArrayDeque<>();
    add("/", directories);
    while (!directories.isEmpty()) {
      String directory = directories.removeFirst();
      List<String> names = files.list(root + directory);
      Collections.sort(names);
      for (String name : names) {
        add(directory.equals("/") ? "/" + name : directory + "/" + name, directories);
      }
    }
  }

  private void add(String path, Deque<String> directories) throws IOException {
    String file = root + path;
    LinuxFiles.Status status = files.status(file);
    char type = type(status.mode());
    if (type == 'd') {
      directories.add(path);
    }
    boolean device = type == 'b' || type == 'c';
    entries.put(
        path,
        new TreeEntry(
            type,
            "%04o".formatted(status.mode() & ~TYPE_MASK),
            Integer.toUnsignedString(status.uid()) + ":" + Integer.toUnsignedString(status.gid()),
            status.modified(),
            type == '-' || type == 'l' ? status.size() : 0,
            status.links(),
            type == 'd' ? path : firstNames.computeIfAbsent(status.inode(), inode -> path),
            type == 'l' ? Optional.of(files.linkTarget(file)) : Optional.empty(),
            device ? Optional.of(status.device()) : Optional.empty(),
            files.xattrs(file),
            type == '-' ? Optional.of(files.content(file)) : Optional.empty()));
  }

  private static char type(int mode) {
    return switch (mode & TYPE_MASK) {
      case 0100000 -> '-';
      case 0040000 -> 'd';
      case 0120000 -> 'l';
      case 0060000 -> 'b';
      case 0020000 -> 'c';
      case 0010000 -> 'p';
      default -> 's';
    };
  }
}
