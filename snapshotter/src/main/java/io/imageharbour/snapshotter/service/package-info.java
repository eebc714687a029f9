/** containerd's snapshots service on a unix socket. */
package io.imageharbour.snapshotter.service;
