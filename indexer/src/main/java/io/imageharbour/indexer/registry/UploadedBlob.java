package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.Digest;

/**
 * A blob that the registry has taken.
 *
 * @param digest of its bytes
 * @param size in bytes
 */
public record UploadedBlob(Digest digest, long size) {}
