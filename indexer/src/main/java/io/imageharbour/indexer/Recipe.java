package io.imageharbour.indexer;

import java.util.List;
import java.util.Optional;

/**
 * How the image that an index image was made from is made again, besides the literal bytes of its
 * archives. Belongs to one index by the contents that it has; immutable.
 *
 * @param manifest of the image
 * @param config of the image, to the byte; not to be changed
 * @param list the list that the image was found through, if it was
 * @param indexContents what {@link #digestOf} says of the index's contents
 * @param layers from the bottom to the top
 * @param hidden contents of the layers that the index does not have
 */
public record Recipe(
    Document manifest,
    byte[] config,
    Optional<Document> list,
    Digest indexContents,
    List<LayerRecipe> layers,
    StoredContents hidden) {

  /** The media type of a recipe in a manifest. */
  public static final String MEDIA_TYPE = "application/vnd.imageharbour.recipe.v1+zstd";

  /** The largest recipe that is written or read, in bytes: 4 GiB, as packs. */
  public static final long MAX_BYTES = 4L << 30;

  public Recipe {
    layers = List.copyOf(layers);
  }

  /** What a recipe knows its index by: a digest of the contents' digests, in their order. */
  public static Digest digestOf(List<FileContent> contents) {
    var sha256 = Digest.newMessageDigest();
    contents.forEach(content -> sha256.update(content.digest().toBytes()));
    return Digest.fromBytes(sha256.digest());
  }

  /**
   * A manifest or a list of manifests.
   *
   * @param bytes as they were in the registry; not to be changed
   */
  public record Document(String mediaType, byte[] bytes) {

    /** Digest of the bytes. */
    public Digest digest() {
      return Digest.sha256(bytes);
    }
  }
}
