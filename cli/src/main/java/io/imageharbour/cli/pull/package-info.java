/** Pulls images into containerd, over its socket, as its own clients do. */
package io.imageharbour.cli.pull;
