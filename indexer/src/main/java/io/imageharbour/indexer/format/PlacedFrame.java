package io.imageharbour.indexer.format;

import io.imageharbour.indexer.Digest;

/**
 * A frame and the pack it lies in, by digest: what {@link io.imageharbour.indexer.Frame} is before
 * packs have numbers.
 *
 * @param pack digest of the pack
 * @param offset where the frame begins in the pack, in bytes
 * @param compressedSize length of the frame in the pack, in bytes
 * @param size length of what it inflates to, in bytes
 */
public record PlacedFrame(Digest pack, long offset, int compressedSize, int size) {}
