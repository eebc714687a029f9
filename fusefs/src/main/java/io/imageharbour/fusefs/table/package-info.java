/**
 * The content table: digest to row, size, chunks and where they lie, for every image that the node
 * knows. In LMDB, memory-mapped, so that its size costs no heap; all of it can be rebuilt from the
 * indexes.
 */
package io.imageharbour.fusefs.table;
