package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.FileName;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Paths as archives have them, taken apart. */
final class LayerPath {

  /**
   * The longest path, in bytes, as the index has it. It is more than a system call takes ({@code
   * PATH_MAX} is 4,096 with the NUL): programs get there step by step, and so do archives that were
   * made so.
   */
  static final int MAX_BYTES = 65_535;

  /** The deepest path, in components; so deep is the longest that one system call takes. */
  static final int MAX_COMPONENTS = 2047;

  private LayerPath() {}

  /**
   * The components of a name in an archive, which may begin with "/" or "./".
   *
   * @throws IllegalArgumentException if a component is ".." or no file name; the message says why
   */
  static List<FileName> parse(byte[] path) {
    if (path.length > MAX_BYTES) {
      throw new IllegalArgumentException("the path has more than " + MAX_BYTES + " bytes");
    }
    List<FileName> components = new ArrayList<>();
    for (byte[] component : split(path)) {
      if (isParent(component)) {
        throw new IllegalArgumentException("the path holds \"..\"");
      }
      components.add(FileName.of(component));
    }
    if (components.size() > MAX_COMPONENTS) {
      throw new IllegalArgumentException(
          "the path has more than " + MAX_COMPONENTS + " components");
    }
    return components;
  }

  /**
   * Where a symbolic link points, without following anything: ".." takes a component away, and
   * stops at the root.
   *
   * @param parent the directory that holds the link
   * @param target as it stands in the link
   */
  static List<FileName> join(List<FileName> parent, byte[] target) {
    List<FileName> joined = new ArrayList<>();
    if (target.length == 0 || target[0] != '/') {
      joined.addAll(parent);
    }
    for (byte[] component : split(target)) {
      if (!isParent(component)) {
        joined.add(FileName.of(component));
      } else if (!joined.isEmpty()) {
        joined.removeLast();
      }
    }
    return joined;
  }

  /** Length of the path in bytes, with a slash before every component. */
  static int length(List<FileName> path) {
    return path.stream().mapToInt(name -> name.length() + 1).sum();
  }

  /** The components apart from empty ones and ".". */
  private static List<byte[]> split(byte[] path) {
    List<byte[]> components = new ArrayList<>();
    int start = 0;
    for (int i = 0; i <= path.length; i++) {
      if (i == path.length || path[i] == '/') {
        boolean self = i - start == 1 && path[start] == '.';
        if (i > start && !self) {
          components.add(Arrays.copyOfRange(path, start, i));
        }
        start = i + 1;
      }
    }
    return components;
  }

  private static boolean isParent(byte[] component) {
    return component.length == 2 && component[0] == '.' && component[1] == '.';
  }
}
