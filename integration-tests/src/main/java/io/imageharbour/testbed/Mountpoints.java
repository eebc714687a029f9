package io.imageharbour.testbed;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What is mounted, as {@code /proc/self/mountinfo} tells it. Nothing here touches a mount point, so
 * a file system that hangs does not make us hang.
 */
public final class Mountpoints {

  /** mountinfo writes space, tab, line feed and backslash as three octal digits. */
  private static final Pattern ESCAPE = Pattern.compile("\\\\([0-7]{3})");

  private Mountpoints() {}

  /**
   * One mount.
   *
   * @param point where it is mounted
   * @param type of its file system, for example {@code overlay}
   * @param options of its superblock, for example those with the lower directories
   */
  public record Mount(Path point, String type, String options) {}

  /** Every mount of this mount namespace, in the order they were made. */
  public static List<Mount> all() throws IOException {
    List<Mount> mounts = new ArrayList<>();
    String table =
        new String(
            Files.readAllBytes(Path.of("/proc/self/mountinfo")), StandardCharsets.ISO_8859_1);
    for (String line : table.lines().toList()) {
      String[] halves = line.split(" - ", 2);
      String[] after = halves[1].split(" ", 3);
      mounts.add(new Mount(Path.of(unescape(halves[0].split(" ")[4])), after[0], after[2]));
    }
    return mounts;
  }

  /** The mount at exactly this point, the topmost where there are several. */
  public static Optional<Mount> at(Path point) throws IOException {
    return all().reversed().stream().filter(mount -> mount.point().equals(point)).findFirst();
  }

  /** The mount points in a directory, at any depth or the directory itself, the latest first. */
  static List<Path> below(Path directory) throws IOException {
    return all().reversed().stream()
        .map(Mount::point)
        .filter(point -> point.startsWith(directory))
        .toList();
  }

  /** Takes every mount in a directory away, also those in use or whose daemon is dead. */
  static void unmountBelow(Path directory) throws IOException, InterruptedException {
    for (Path point : below(directory)) {
      Command.of("umount", "--lazy", "--no-canonicalize", point).run();
    }
  }

  private static String unescape(String field) {
    return ESCAPE
        .matcher(field)
        .replaceAll(
            match ->
                Matcher.quoteReplacement(
                    String.valueOf((char) Integer.parseInt(match.group(1), 8))));
  }
}
