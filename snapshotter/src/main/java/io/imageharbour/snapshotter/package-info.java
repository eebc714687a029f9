/** harbourd: the daemon that containerd calls for snapshots. */
package io.imageharbour.snapshotter;
