package io.imageharbour.fusefs.table;

import io.imageharbour.indexer.Digest;

/**
 * What a row says about a content, apart from where it lies.
 *
 * @param row its number
 * @param digest of the content
 * @param size in bytes
 */
public record RowAttributes(long row, Digest digest, long size) {}
