/** Where contents come from: registries, and what containerd knows of a layer's origin. */
package io.imageharbour.snapshotter.source;
