/** Snapshots as containerd knows them, and their metadata in LMDB. */
package io.imageharbour.snapshotter.store;
