package io.imageharbour.fusefs.fetch;

import io.imageharbour.fusefs.table.StoredChunk;

/**
 * A chunk that is to be brought, and where to.
 *
 * @param chunk in its frame
 * @param sink takes it once it has passed its digest
 */
public record Errand(StoredChunk chunk, ChunkSink sink) {}
