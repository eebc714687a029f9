package io.imageharbour.cli.diff;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;

/**
 * All files of a tree by their paths. A path is a string of ISO 8859-1, one character for each byte
 * of it, because names need not be UTF-8; it begins with "/", and the root is "/".
 */
public final class FileTree {

  private final SortedMap<String, TreeFile> files;
  private final Map<Object, String> firstNames = new HashMap<>();

  FileTree(SortedMap<String, TreeFile> files) {
    this.files = Collections.unmodifiableSortedMap(files);
    files.forEach((path, file) -> firstNames.putIfAbsent(file.identity(), path));
  }

  SortedMap<String, TreeFile> files() {
    return files;
  }

  /** The first path, in order, of the file that {@code path} names. */
  String firstName(String path) {
    TreeFile file = Objects.requireNonNull(files.get(path));
    return Objects.requireNonNull(firstNames.get(file.identity()));
  }

  /** The path of a file in a directory. */
  static String child(String directory, byte[] name) {
    String text = new String(name, StandardCharsets.ISO_8859_1);
    return directory.equals("/") ? "/" + text : directory + "/" + text;
  }
}
