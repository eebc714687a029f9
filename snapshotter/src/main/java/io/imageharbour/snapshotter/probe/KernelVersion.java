package io.imageharbour.snapshotter.probe;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A version of Linux. What a kernel can do is tried, not read off its version, because
 * distributions carry features back; the version is for advice.
 *
 * @param major such as 6
 * @param minor such as 12
 * @param release all of it, such as {@code 6.12.57-amd64}
 */
record KernelVersion(int major, int minor, String release) implements Comparable<KernelVersion> {

  private static final Pattern RELEASE = Pattern.compile("(\\d{1,4})\\.(\\d{1,4}).*");

  private static final Comparator<KernelVersion> ORDER =
      Comparator.comparingInt(KernelVersion::major).thenComparingInt(KernelVersion::minor);

  static KernelVersion of(int major, int minor) {
    return new KernelVersion(major, minor, major + "." + minor);
  }

  /** The kernel that runs. */
  static KernelVersion running() throws IOException {
    return parse(Files.readString(Path.of("/proc/sys/kernel/osrelease")).strip());
  }

  static KernelVersion parse(String release) throws IOException {
    Matcher parts = RELEASE.matcher(release);
    if (!parts.matches()) {
      throw new IOException("the kernel calls itself \"" + release + "\", which is no version");
    }
    return new KernelVersion(
        Integer.parseInt(parts.group(1)), Integer.parseInt(parts.group(2)), release);
  }

  @Override
  public int compareTo(KernelVersion other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return release;
  }
}
