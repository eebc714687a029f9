package io.imageharbour.indexer.pack;

import io.imageharbour.indexer.Digest;

/**
 * A whole file or a part of one, and the frame that holds it.
 *
 * @param digest of the bytes
 * @param size in bytes, at least 1
 * @param frame that holds it
 * @param offset where it begins in the uncompressed frame, in bytes
 */
public record PackedChunk(Digest digest, int size, PackedFrame frame, int offset) {}
