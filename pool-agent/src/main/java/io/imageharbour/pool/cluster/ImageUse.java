package io.imageharbour.pool.cluster;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.InvalidReferenceException;

/**
 * What somebody did with an image in some time.
 *
 * @param image digest of the index image's manifest
 * @param name what it is called, a reference that says which registry has it; of at most {@link
 *     CatalogImage#MAX_NAME} characters
 * @param sizeBytes of its contents, each once; 0 if it is not known, at most {@link #MOST_BYTES}
 * @param files that it has; 0 if it is not known, at most {@link #MOST}
 * @param starts containers that were started, 0 to {@link #MOST}
 * @param missedBytes of contents that the pool did not bring, 0 to {@link #MOST_BYTES}
 */
public record ImageUse(
    Digest image, String name, long sizeBytes, long files, long starts, long missedBytes) {

  /** The greatest count. */
  public static final long MOST = 1_000_000_000;

  /** The most bytes: 1 EiB. */
  public static final long MOST_BYTES = 1L << 60;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException if one is left; the message says which
   */
  public ImageUse {
    if (!CatalogImage.isName(name)) {
      throw new IllegalArgumentException(
          "an image's name has 1 to " + CatalogImage.MAX_NAME + " characters of ASCII");
    }
    try {
      ImageReference unused = ImageReference.parse(name);
    } catch (InvalidReferenceException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
    check("bytes", sizeBytes, MOST_BYTES);
    check("files", files, MOST);
    check("starts", starts, MOST);
    check("bytes missed", missedBytes, MOST_BYTES);
  }

  /** Both together; the name is the later one's. */
  public ImageUse plus(ImageUse later) {
    return new ImageUse(
        image,
        later.name,
        Math.max(sizeBytes, later.sizeBytes),
        Math.max(files, later.files),
        Math.min(MOST, starts + later.starts),
        Math.min(MOST_BYTES, missedBytes + later.missedBytes));
  }

  private static void check(String what, long value, long most) {
    if (value < 0 || value > most) {
      throw new IllegalArgumentException(
          "an image has 0 to " + most + " " + what + ", not " + value);
    }
  }
}
