package io.imageharbour.indexer.format;

import io.imageharbour.indexer.Digest;

/**
 * A chunk and the frame it lies in: what {@link io.imageharbour.indexer.Chunk} is before frames
 * have numbers.
 *
 * @param digest of the chunk's bytes
 * @param size in bytes, at least 1
 * @param frame the frame that holds it
 * @param offset where the bytes begin in the uncompressed frame
 */
public record PlacedChunk(Digest digest, int size, PlacedFrame frame, int offset) {}
