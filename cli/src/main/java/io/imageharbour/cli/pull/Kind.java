package io.imageharbour.cli.pull;

import io.imageharbour.indexer.image.MediaTypes;
import java.util.Set;

/** What containerd takes a blob for, by its media type. */
enum Kind {
  LIST,
  MANIFEST,
  CONFIG,
  LAYER,
  OTHER;

  private static final String OCI_LAYER = "application/vnd.oci.image.layer.";

  private static final Set<String> DOCKER_LAYERS =
      Set.of(
          "application/vnd.docker.image.rootfs.diff.tar",
          "application/vnd.docker.image.rootfs.diff.tar.gzip",
          "application/vnd.docker.image.rootfs.diff.tar.zstd",
          "application/vnd.docker.image.rootfs.foreign.diff.tar",
          "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip");

  static Kind of(String mediaType) {
    return switch (mediaType) {
      case MediaTypes.OCI_INDEX, MediaTypes.DOCKER_LIST -> LIST;
      case MediaTypes.OCI_MANIFEST, MediaTypes.DOCKER_MANIFEST -> MANIFEST;
      case MediaTypes.OCI_CONFIG, MediaTypes.DOCKER_CONFIG -> CONFIG;
      default -> isLayer(mediaType) ? LAYER : OTHER;
    };
  }

  private static boolean isLayer(String mediaType) {
    return mediaType.startsWith(OCI_LAYER)
        // "+encrypted" and the like may stand behind Docker's
        || DOCKER_LAYERS.contains(mediaType.replaceFirst("\\+.*", ""));
  }
}
