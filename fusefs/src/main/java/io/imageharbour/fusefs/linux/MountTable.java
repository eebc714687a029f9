package io.imageharbour.fusefs.linux;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What is mounted in this process's mount namespace, as {@code /proc/self/mountinfo} says
 * (proc(5)).
 */
public final class MountTable {

  private static final Path MOUNTINFO = Path.of("/proc/self/mountinfo");

  private MountTable() {}

  /**
   * One mount.
   *
   * @param id of the mount
   * @param major number of the device
   * @param minor number of the device; a FUSE connection is called so in {@code
   *     /sys/fs/fuse/connections}
   * @param target where it is mounted
   * @param type of the file system, with its subtype: {@code fuse.harbour}
   * @param source the device or name given to mount(2)
   * @param options of the file system, separated by commas
   */
  public record Mount(
      int id, int major, int minor, Path target, String type, String source, String options) {}

  /** All mounts in the order in which they were made; a later one may hide an earlier one. */
  public static List<Mount> read() throws IOException {
    List<Mount> mounts = new ArrayList<>();
    for (String line : Files.readAllLines(MOUNTINFO, StandardCharsets.UTF_8)) {
      mounts.add(parse(line));
    }
    return mounts;
  }

  /** The mounts on exactly this directory, in the order in which they were made. */
  public static List<Mount> on(Path target) throws IOException {
    Path absolute = target.toAbsolutePath().normalize();
    return read().stream().filter(mount -> mount.target().equals(absolute)).toList();
  }

  static Mount parse(String line) throws IOException {
    String[] sides = line.split(" - ", 2);
    String[] left = sides[0].split(" ");
    String[] right = sides.length == 2 ? sides[1].split(" ", 3) : new String[0];
    if (left.length < 6 || right.length < 2) {
      throw new IOException(MOUNTINFO + " has a line that proc(5) does not know: " + line);
    }
    String[] device = left[2].split(":", 2);
    return new Mount(
        Integer.parseInt(left[0]),
        Integer.parseInt(device[0]),
        Integer.parseInt(device[1]),
        Path.of(unescape(left[4])),
        unescape(right[0]),
        unescape(right[1]),
        right.length == 3 ? unescape(right[2]) : "");
  }

  /** Space, tab, newline and backslash are written as three octal digits. */
  private static String unescape(String text) {
    if (text.indexOf('\\') < 0) {
      return text;
    }
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream plain = new ByteArrayOutputStream(bytes.length);
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == '\\' && i + 3 < bytes.length && isOctal(bytes, i + 1)) {
        plain.write((bytes[i + 1] - '0') * 64 + (bytes[i + 2] - '0') * 8 + (bytes[i + 3] - '0'));
        i += 3;
      } else {
        plain.write(bytes[i]);
      }
    }
    return plain.toString(StandardCharsets.UTF_8);
  }

  private static boolean isOctal(byte[] bytes, int from) {
    for (int i = from; i < from + 3; i++) {
      if (bytes[i] < '0' || bytes[i] > '7') {
        return false;
      }
    }
    return true;
  }
}
