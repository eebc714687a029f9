package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.Digest;
import java.util.Optional;

/**
 * Which image is meant: a repository with a tag, a digest, or both (then the digest counts).
 *
 * @param repository where it lies
 * @param tag at most 128 characters; without it and without a digest, {@code latest} is meant
 * @param digest of the manifest
 */
public record ImageReference(
    RepositoryName repository, Optional<String> tag, Optional<Digest> digest) {

  private static final String DEFAULT_TAG = "latest";

  /** Checks the tag; {@link #parse} is for text that people typed. */
  public ImageReference {
    tag.ifPresent(ImageReference::requireTag);
  }

  /**
   * Reads {@code [HOST[:PORT]/]NAME[:TAG][@sha256:DIGEST]}.
   *
   * @throws InvalidReferenceException if the text is no image reference
   */
  public static ImageReference parse(String text) throws InvalidReferenceException {
    String name = text;
    Optional<Digest> digest = Optional.empty();
    Optional<String> tag = Optional.empty();
    try {
      int at = name.indexOf('@');
      if (at >= 0) {
        digest = Optional.of(Digest.parse(name.substring(at + 1)));
        name = name.substring(0, at);
      }
      int colon = name.lastIndexOf(':');
      if (colon > name.lastIndexOf('/')) {
        tag = Optional.of(requireTag(name.substring(colon + 1)));
        name = name.substring(0, colon);
      }
    } catch (IllegalArgumentException e) {
      throw new InvalidReferenceException(
          "image reference", text, Printable.line(String.valueOf(e.getMessage()), 200));
    }
    return new ImageReference(RepositoryName.parse(name, "image reference", text), tag, digest);
  }

  /** The same repository with this tag and no digest. */
  public ImageReference withTag(String newTag) {
    return new ImageReference(repository, Optional.of(newTag), Optional.empty());
  }

  /** The same repository and tag, pinned to a digest. */
  public ImageReference withDigest(Digest newDigest) {
    return new ImageReference(repository, tag, Optional.of(newDigest));
  }

  /** What to ask the registry for: the digest, else the tag, else {@code latest}. */
  public String tagOrDigest() {
    return digest.map(Digest::toString).orElseGet(() -> tag.orElse(DEFAULT_TAG));
  }

  /** {@code host[:port]/path[:tag][@sha256:…]}; {@code :latest} when there is neither. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(repository.toString());
    if (tag.isPresent() || digest.isEmpty()) {
      text.append(':').append(tag.orElse(DEFAULT_TAG));
    }
    digest.ifPresent(d -> text.append('@').append(d));
    return text.toString();
  }

  private static String requireTag(String tag) {
    if (!ManifestName.isTag(tag)) {
      throw new IllegalArgumentException(
          Printable.quote(tag)
              + " is no tag (at most 128 letters, digits, \"_\", \".\" and \"-\", not beginning with \".\" or \"-\")");
    }
    return tag;
  }
}
