/**
 * Images as Harbour knows them: the index of an image and the packs that hold its contents, how
 * they are made from OCI images, kept in registries, and written out as EROFS.
 */
package io.imageharbour.indexer;
