package io.imageharbour.indexer.image;

/**
 * Media types and annotations of manifests.
 *
 * @see <a href="https://github.com/opencontainers/image-spec/blob/main/media-types.md">OCI media
 *     types</a>
 */
public final class MediaTypes {

  public static final String OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
  public static final String OCI_INDEX = "application/vnd.oci.image.index.v1+json";
  public static final String OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
  public static final String OCI_LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip";
  public static final String OCI_EMPTY = "application/vnd.oci.empty.v1+json";
  public static final String DOCKER_MANIFEST =
      "application/vnd.docker.distribution.manifest.v2+json";
  public static final String DOCKER_LIST =
      "application/vnd.docker.distribution.manifest.list.v2+json";
  public static final String DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json";

  /** The type of artifact of a manifest whose layers are packs. */
  public static final String PACKS = "application/vnd.imageharbour.packs.v1";

  /** The type of artifact of a manifest that brings an index beside an image. */
  public static final String ATTACHED_INDEX = "application/vnd.imageharbour.index.v1";

  /** The type of the index's blob in such a manifest: the file of an index, compressed. */
  public static final String INDEX_BLOB = "application/vnd.imageharbour.index.v1+zstd";

  /** Annotation that marks index images and their OCI index: the version of the index. */
  public static final String INDEX_VERSION = "io.imageharbour.index.version";

  /** Annotation of an index image: digest of the manifest that it was converted from. */
  public static final String SOURCE_DIGEST = "io.imageharbour.source.digest";

  /** Annotation of an index image: digest of the recipe that its original is restored with. */
  public static final String RECIPE_DIGEST = "io.imageharbour.recipe.digest";

  /** Annotation of an index image: size of that recipe in bytes. */
  public static final String RECIPE_SIZE = "io.imageharbour.recipe.size";

  /**
   * Annotation of the layer of an index image, which clients pass on as a label of the layer's
   * snapshot: it says that there is nothing to look for beside the image.
   */
  public static final String INDEX_LAYER = "containerd.io/snapshot/imageharbour.index";

  /** Annotation of OCI: when it was made, as RFC 3339 has it. */
  public static final String CREATED = "org.opencontainers.image.created";

  /** What all annotations of Harbour begin with. */
  public static final String OWN_ANNOTATIONS = "io.imageharbour.";

  private MediaTypes() {}
}
