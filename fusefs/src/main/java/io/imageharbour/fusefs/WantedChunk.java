package io.imageharbour.fusefs;

import io.imageharbour.indexer.Digest;

/**
 * A chunk that a read waits for, and where it lies.
 *
 * @param digest of the chunk's bytes
 * @param size of the chunk in bytes
 * @param location the frame that holds it; one of its parts has this digest
 */
public record WantedChunk(Digest digest, int size, FrameLocation location) {}
