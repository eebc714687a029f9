package io.imageharbour.testbed.tree;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Compares two mounted trees as a program in a container would see them: names, types, modes,
 * owners, modification times to the nanosecond, sizes, link targets, link counts and which names
 * are links of each other, device numbers, extended attributes and contents. Link counts of
 * directories count where both file systems do: overlayfs does not for those that it merges.
 */
public final class TreeDiff {

  private TreeDiff() {}

  /**
   * One property of one path that differs; {@code type} with "nothing" on one side where the path
   * itself is missing. Bytes that are no ASCII are shown as ISO 8859-1.
   */
  public record Difference(String path, String property, String left, String right) {
    @Override
    public String toString() {
      return "%s: %s is %s in one and %s in the other".formatted(path, property, left, right);
    }
  }

  /** The outcome of a comparison: how many paths both have, and what differs. */
  public record Comparison(int paths, List<Difference> differences) {}

  /** Compares the trees below two directories, which are read to the last byte. */
  public static Comparison compare(Path left, Path right) throws IOException {
    SortedMap<String, TreeEntry> lefts = TreeScan.of(left);
    SortedMap<String, TreeEntry> rights = TreeScan.of(right);
    TreeSet<String> paths = new TreeSet<>(lefts.keySet());
    paths.addAll(rights.keySet());
    List<Difference> differences = new ArrayList<>();
    for (String path : paths) {
      TreeEntry one = lefts.get(path);
      TreeEntry other = rights.get(path);
      if (one == null || other == null) {
        differences.add(new Difference(path, "type", type(one), type(other)));
      } else {
        Map<String, Object> properties = one.properties();
        if (one.hasUncountedLinks() || other.hasUncountedLinks()) {
          properties.remove("links");
        }
        compare(path, properties, other.properties(), differences);
      }
    }
    return new Comparison(paths.size(), differences);
  }

  private static String type(@Nullable TreeEntry entry) {
    return entry == null ? "nothing" : String.valueOf(entry.type());
  }

  private static void compare(
      String path,
      Map<String, Object> left,
      Map<String, Object> right,
      List<Difference> differences) {
    left.forEach(
        (property, value) -> {
          Object other = right.get(property);
          if (!Objects.equals(value, other)) {
            differences.add(
                new Difference(path, property, String.valueOf(value), String.valueOf(other)));
          }
        });
  }
}
