/** containerd's filter syntax. */
package io.imageharbour.snapshotter.filter;
