/** Tests of the whole daemon with a real containerd, runc and docker-registry. */
package io.imageharbour.snapshotter.real;
