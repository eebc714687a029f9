/** The tree of an image as an EROFS file system whose files point into a content store. */
package io.imageharbour.indexer.erofs;
