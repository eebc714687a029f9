package io.imageharbour.indexer;

/**
 * A blob of concatenated zstd frames that holds file contents.
 *
 * @param digest of the blob
 * @param size of the blob in bytes
 */
public record Pack(Digest digest, long size) {

  /** The media type of a pack in a manifest. */
  public static final String MEDIA_TYPE = "application/vnd.imageharbour.pack.v1+zstd";
}
