package io.imageharbour.fusefs;

import io.imageharbour.indexer.Digest;
import java.util.List;

/**
 * A chunk that a read waits for, where it lies, and what would be good to have with it.
 *
 * @param digest of the chunk's bytes
 * @param size of the chunk in bytes
 * @param location the frame that holds it; one of its parts has this digest
 * @param following frames that lie behind {@code location} in the same pack, each beginning where
 *     the one before ends, whose chunks are wanted if they come with the same request; nobody waits
 *     for them yet
 */
public record WantedChunk(
    Digest digest, int size, FrameLocation location, List<FrameLocation> following) {

  public WantedChunk {
    following = List.copyOf(following);
  }
}
