/** Snapshots on disk: directories, what clients are told to mount, index snapshots, recovery. */
package io.imageharbour.snapshotter.mounts;
