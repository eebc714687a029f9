package io.imageharbour.cli.pull;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.image.Descriptor;
import io.imageharbour.indexer.registry.RepositoryName;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The labels of blobs, as containerd's own clients set them: what a blob refers to, for the garbage
 * collection, and which repositories it came from.
 */
final class ContentLabels {

  /** Bytes of a label with its name; containerd takes no more. */
  static final int MAX_LABEL = 4096;

  private static final String REFERENCE = "containerd.io/gc.ref.content.";
  private static final String SNAPSHOT = "containerd.io/gc.ref.snapshot.";
  private static final String SOURCE = "containerd.io/distribution.source.";
  private static final String DIFF_ID = "containerd.io/uncompressed";

  private ContentLabels() {}

  /** What a manifest or a list refers to, in its order; a manifest's config comes first. */
  static Map<String, String> references(List<Descriptor> children) {
    Map<String, Integer> counts = new HashMap<>();
    Map<String, String> labels = new LinkedHashMap<>();
    for (Descriptor child : children) {
      String name = REFERENCE + reference(Kind.of(child.mediaType()));
      int number = counts.merge(name, 1, Integer::sum) - 1;
      boolean numbered = number > 0 || name.endsWith(".");
      labels.put(numbered ? name + number : name, child.digest().toString());
    }
    return labels;
  }

  /** What the config of an image refers to that was unpacked. */
  static Map<String, String> snapshot(String snapshotter, String chainId) {
    return Map.of(SNAPSHOT + snapshotter, chainId);
  }

  /** What a layer is that was unpacked. */
  static Map<String, String> diffId(Digest diffId) {
    return Map.of(DIFF_ID, diffId.toString());
  }

  /**
   * Where a blob came from: this repository, and those that its labels name already. Nothing when
   * there are so many that a label can't hold them.
   */
  static Map<String, String> source(RepositoryName repository, Map<String, String> present) {
    String label = SOURCE + host(repository.registry());
    TreeSet<String> paths = new TreeSet<>();
    paths.add(repository.path());
    Arrays.stream(present.getOrDefault(label, "").split(",", -1))
        .filter(path -> !path.isEmpty())
        .forEach(paths::add);
    String value = paths.stream().collect(Collectors.joining(","));
    return label.length() + value.length() <= MAX_LABEL ? Map.of(label, value) : Map.of();
  }

  private static String reference(Kind kind) {
    return switch (kind) {
      case CONFIG -> "config";
      case MANIFEST -> "m.";
      case LAYER -> "l.";
      case LIST, OTHER -> "";
    };
  }

  /** Without the port, and without the brackets of an IPv6 address. */
  private static String host(String registry) {
    int colon = registry.lastIndexOf(':');
    String host = colon > registry.lastIndexOf(']') ? registry.substring(0, colon) : registry;
    return host.replaceAll("[\\[\\]]", "");
  }
}
