/** Layers of OCI images as streams: decompressed, and read as tar archives. Not exported. */
package io.imageharbour.indexer.layer;
