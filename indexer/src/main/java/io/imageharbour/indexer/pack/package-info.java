/** Packs: how file contents are cut, grouped and compressed, and how they are read again. */
package io.imageharbour.indexer.pack;
