package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.Digest;

/**
 * A manifest or an image index, as the registry keeps it.
 *
 * @param digest of the bytes, computed here and never taken from the registry
 * @param mediaType what the registry said they are, without parameters
 * @param bytes at most {@link #MAX_SIZE}; not to be changed
 */
public record Manifest(Digest digest, String mediaType, byte[] bytes) {

  /** The largest manifest that is read or pushed: 4 MiB, as registries have it. */
  public static final int MAX_SIZE = 4 << 20;

  @Override
  public String toString() {
    return "Manifest[" + digest + ", " + mediaType + ", " + bytes.length + " bytes]";
  }
}
