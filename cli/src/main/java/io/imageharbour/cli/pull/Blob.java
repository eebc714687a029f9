package io.imageharbour.cli.pull;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.image.Descriptor;

/**
 * A blob of an image.
 *
 * @param mediaType what it is
 * @param size in bytes
 */
record Blob(String mediaType, Digest digest, long size) {

  static Blob of(Descriptor descriptor) {
    return new Blob(descriptor.mediaType(), descriptor.digest(), descriptor.size());
  }

  /**
   * The name that its write into the content store has. containerd's own clients have the same, so
   * that two of them don't fetch it at a time.
   */
  String writeName() {
    String kind =
        switch (Kind.of(mediaType)) {
          case LIST -> "index";
          case MANIFEST -> "manifest";
          case CONFIG -> "config";
          case LAYER -> "layer";
          case OTHER -> "unknown";
        };
    return kind + "-" + digest;
  }
}
