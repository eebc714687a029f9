package io.imageharbour.pool.cluster;

import io.imageharbour.indexer.Digest;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.TreeMap;

/**
 * What the pool's catalog knows of an image.
 *
 * @param id digest of the image
 * @param names what people call it, as {@code docker.io/library/nginx:1.27}, the latest first: up
 *     to {@link #MAX_NAMES}, each once, of 1 to {@link #MAX_NAME} characters between space and ~
 * @param sizeBytes of its contents, each once; 0 or more, and 0 if nobody has said yet
 * @param files how many files it has; 0 or more
 * @param frequency how often it was started lately
 * @param missed how much of it nodes looked for lately and the pool did not have, in sizes of the
 *     image
 * @param agents where it lies: how many bytes of it (0 or more) each agent keeps, by the agents'
 *     ids; up to {@link #MAX_AGENTS}
 */
public record CatalogImage(
    Digest id,
    List<String> names,
    long sizeBytes,
    long files,
    AccessFrequency frequency,
    AccessFrequency missed,
    Map<String, Long> agents) {

  /** The most names that are kept of an image. */
  public static final int MAX_NAMES = 8;

  /** The longest name, in characters. */
  public static final int MAX_NAME = 512;

  /** So many starts, or sizes missed, count of one use: no node's word alone rules for weeks. */
  static final int MOST_AT_ONCE = 1000;

  /** The most agents that are kept of an image. */
  public static final int MAX_AGENTS = 4096;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException if one is left; the message says which
   */
  public CatalogImage {
    names = List.copyOf(names);
    agents = Collections.unmodifiableMap(new TreeMap<>(agents));
    check(names.size() <= MAX_NAMES, names.size() + " names");
    check(names.stream().distinct().count() == names.size(), "a name twice");
    check(names.stream().allMatch(CatalogImage::isName), "an impossible name");
    check(sizeBytes >= 0, "a size of " + sizeBytes);
    check(files >= 0, files + " files");
    check(agents.size() <= MAX_AGENTS, agents.size() + " agents");
    check(agents.keySet().stream().allMatch(AgentAddress::isId), "an impossible agent");
    check(agents.values().stream().allMatch(bytes -> bytes >= 0), "less than no bytes");
  }

  /** An image that nobody has started and no agent keeps anything of. */
  public static CatalogImage of(Digest id, List<String> names, long sizeBytes, long files) {
    return new CatalogImage(
        id, names, sizeBytes, files, AccessFrequency.NONE, AccessFrequency.NONE, Map.of());
  }

  /** The same, used some more at that time. */
  CatalogImage plus(ImageUse use, long epochSecond, Duration halfLife) {
    SequencedSet<String> all = new LinkedHashSet<>();
    all.add(use.name());
    all.addAll(names);
    // whoever said it first; the leader puts it right when it looks at the image
    long size = sizeBytes == 0 ? use.sizeBytes() : sizeBytes;
    double sizesMissed = size == 0 ? 0 : (double) use.missedBytes() / size;
    return new CatalogImage(
        id,
        all.stream().limit(MAX_NAMES).toList(),
        size,
        files == 0 ? use.files() : files,
        frequency.plus(Math.min(use.starts(), MOST_AT_ONCE), epochSecond, halfLife),
        missed.plus(Math.min(sizesMissed, MOST_AT_ONCE), epochSecond, halfLife),
        agents);
  }

  /** The same as it was found: of this size, and lying there. */
  public CatalogImage found(long sizeBytes, long files, Map<String, Long> agents) {
    return new CatalogImage(id, names, sizeBytes, files, frequency, missed, agents);
  }

  static boolean isName(String name) {
    return !name.isEmpty()
        && name.length() <= MAX_NAME
        && name.chars().allMatch(c -> c >= ' ' && c <= '~');
  }

  private static void check(boolean right, String wrong) {
    if (!right) {
      throw new IllegalArgumentException("an image of the catalog can't have " + wrong);
    }
  }
}
