package io.imageharbour.fusefs;

import io.imageharbour.indexer.Digest;
import java.time.Duration;
import java.util.List;

/**
 * A chunk that a read waits for, where it lies, and what would be good to have with it.
 *
 * @param part the chunk; {@code location} may name others of the same digest that are not there
 * @param location the frame that holds it
 * @param following frames that lie behind {@code location} in the same pack, each beginning where
 *     the one before ends, that are wanted if they come with the same request; nobody waits for
 *     them yet
 */
public record WantedChunk(
    FrameLocation.Part part, FrameLocation location, List<FrameLocation> following) {

  /** So long after the wanted chunk the following frames are of use; then they are asked for. */
  public static final Duration PATIENCE_BEHIND = Duration.ofSeconds(5);

  public WantedChunk {
    following = List.copyOf(following);
  }

  /** Of the chunk's bytes. */
  public Digest digest() {
    return part.digest();
  }
}
