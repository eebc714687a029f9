/**
 * Conversion: the layers of an image are merged into one tree as containerd's overlayfs snapshotter
 * would show it, contents go into packs, and the index image is pushed.
 */
package io.imageharbour.indexer.convert;
