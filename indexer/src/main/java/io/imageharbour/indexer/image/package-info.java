/** Index images in a registry: what they look like there, opened for reading, and verified. */
package io.imageharbour.indexer.image;
