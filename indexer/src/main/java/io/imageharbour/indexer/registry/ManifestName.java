package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.Digest;
import java.util.Optional;
import java.util.regex.Pattern;

/** What a manifest is asked for by: a tag or a digest. */
final class ManifestName {

  private static final Pattern TAG = Pattern.compile("[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}");

  private ManifestName() {}

  /**
   * The digest, if it is one and no tag.
   *
   * @throws InvalidReferenceException if it is neither
   */
  static Optional<Digest> digest(String tagOrDigest) throws InvalidReferenceException {
    if (isTag(tagOrDigest)) {
      return Optional.empty();
    }
    try {
      return Optional.of(Digest.parse(tagOrDigest));
    } catch (IllegalArgumentException e) {
      throw new InvalidReferenceException(
          "tag or digest", tagOrDigest, Printable.line(String.valueOf(e.getMessage()), 200));
    }
  }

  static boolean isTag(String text) {
    return TAG.matcher(text).matches();
  }
}
