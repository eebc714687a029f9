package io.imageharbour.indexer;

/**
 * A run of bytes that is fetched and verified as one: a whole file, or a part of a big one.
 *
 * @param digest of these bytes
 * @param size in bytes, at least 1
 * @param frame position of the frame in {@link ImageIndex#frames()}
 * @param offset where the bytes begin in the uncompressed frame
 */
public record Chunk(Digest digest, int size, int frame, int offset) {}
