package io.imageharbour.cli.diff;

import io.imageharbour.cli.text.Escaped;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Two trees compared as a program would see them. Link counts of directories count where both file
 * systems do: overlayfs does not for those that it merges.
 */
public final class TreeComparison {

  /** More of an attribute's value than this, in bytes, is not shown. */
  private static final int SHOWN_BYTES = 64;

  private final FileTree left;
  private final FileTree right;
  private final Set<Property> ignored;
  private final List<Difference> differences = new ArrayList<>();
  private int paths;

  private TreeComparison(FileTree left, FileTree right, Set<Property> ignored) {
    this.left = left;
    this.right = right;
    this.ignored = ignored;
  }

  /** Compares two trees by everything but the properties that are to be ignored. */
  public static TreeComparison of(FileTree left, FileTree right, Set<Property> ignored) {
    TreeComparison comparison = new TreeComparison(left, right, ignored);
    comparison.compareAll();
    return comparison;
  }

  /** How many paths there are in either tree, without those below one that only one tree has. */
  public int paths() {
    return paths;
  }

  /** What differs, in order of the paths. */
  List<Difference> differences() {
    return differences;
  }

  /** Whether nothing differs. */
  public boolean isEqual() {
    return differences.isEmpty();
  }

  private void compareAll() {
    Set<String> all = new TreeSet<>(left.files().keySet());
    all.addAll(right.files().keySet());
    Set<String> alone = new TreeSet<>();
    for (String path : all) {
      if (alone.contains(parent(path))) {
        alone.add(path);
        continue;
      }
      paths++;
      TreeFile one = left.files().get(path);
      TreeFile other = right.files().get(path);
      if (one == null || other == null || one.type() != other.type()) {
        differences.add(
            new Difference(path, Property.TYPE, "", describeType(one), describeType(other)));
        alone.add(path);
      } else {
        compare(path, one, other);
      }
    }
  }

  private static String parent(String path) {
    return path.substring(0, Math.max(path.lastIndexOf('/'), 0));
  }

  private static String describeType(@Nullable TreeFile file) {
    return file == null ? Difference.NOTHING : file.type().toString();
  }

  private void compare(String path, TreeFile one, TreeFile other) {
    differ(path, Property.MODE, mode(one), mode(other));
    differ(path, Property.OWNER, one.owner(), other.owner());
    differ(path, Property.MTIME, one.mtime(), other.mtime());
    differ(path, Property.SIZE, Long.toString(one.size()), Long.toString(other.size()));
    if (!one.hasUncountedLinks() && !other.hasUncountedLinks()) {
      differ(path, Property.LINKS, Integer.toString(one.links()), Integer.toString(other.links()));
    }
    differ(path, Property.SAME_FILE, name(left.firstName(path)), name(right.firstName(path)));
    differ(path, Property.TARGET, target(one), target(other));
    differ(path, Property.DEVICE, one.device().orElse(""), other.device().orElse(""));
    compareXattrs(path, one.xattrs(), other.xattrs());
    differ(path, Property.CONTENT, content(one), content(other));
  }

  private void compareXattrs(String path, Map<String, byte[]> one, Map<String, byte[]> other) {
    if (ignored.contains(Property.XATTRS)) {
      return;
    }
    Set<String> names = new TreeSet<>(one.keySet());
    names.addAll(other.keySet());
    for (String name : names) {
      byte[] first = one.get(name);
      byte[] second = other.get(name);
      if (!Arrays.equals(first, second)) {
        differences.add(new Difference(path, Property.XATTRS, name, value(first), value(second)));
      }
    }
  }

  private void differ(String path, Property property, String one, String other) {
    if (!one.equals(other) && !ignored.contains(property)) {
      differences.add(new Difference(path, property, "", one, other));
    }
  }

  private static String mode(TreeFile file) {
    return "%04o".formatted(file.permissions());
  }

  private static String target(TreeFile file) {
    return file.target().map(Escaped::name).orElse("");
  }

  private static String content(TreeFile file) {
    return file.content().map(Object::toString).orElse("");
  }

  private static String name(String path) {
    return Escaped.name(path.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static String value(byte @Nullable [] value) {
    return Optional.ofNullable(value).map(TreeComparison::hex).orElse(Difference.NOTHING);
  }

  private static String hex(byte[] value) {
    String shown = HexFormat.of().formatHex(value, 0, Math.min(value.length, SHOWN_BYTES));
    return "0x" + shown + (value.length > SHOWN_BYTES ? "… of " + value.length + " bytes" : "");
  }
}
