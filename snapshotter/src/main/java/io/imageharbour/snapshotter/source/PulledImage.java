package io.imageharbour.snapshotter.source;

import io.imageharbour.indexer.Digest;

/**
 * An image as containerd knows it.
 *
 * @param name such as {@code docker.io/library/python:3}
 * @param manifest digest of the manifest for this node's platform
 */
public record PulledImage(String name, Digest manifest) {}
