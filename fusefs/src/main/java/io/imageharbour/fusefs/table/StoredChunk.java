package io.imageharbour.fusefs.table;

import io.imageharbour.indexer.Digest;

/**
 * A chunk of a content.
 *
 * @param digest of the chunk's bytes
 * @param size in bytes, at least 1
 * @param offset where it begins in the uncompressed frame, in bytes
 * @param frame that holds it
 */
public record StoredChunk(Digest digest, int size, int offset, FrameAddress frame) {}
