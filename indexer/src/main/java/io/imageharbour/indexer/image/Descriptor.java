package io.imageharbour.indexer.image;

import io.imageharbour.indexer.Digest;
import java.util.Map;
import java.util.Optional;

/**
 * What a manifest or an image index says of something that it refers to.
 *
 * @param mediaType what it is
 * @param digest of its bytes
 * @param size in bytes
 * @param platform what it is for; none where the descriptor doesn't say, or says {@code unknown}
 * @param isForUnknownPlatform whether it says {@code unknown/unknown}, as attestations and packs do
 * @param artifactType what it is, if it is a manifest and no container image; otherwise empty
 * @param annotations what else is said of it
 */
public record Descriptor(
    String mediaType,
    Digest digest,
    long size,
    Optional<Platform> platform,
    boolean isForUnknownPlatform,
    String artifactType,
    Map<String, String> annotations) {

  public Descriptor {
    annotations = Map.copyOf(annotations);
  }
}
