package io.imageharbour.fusefs.fetch;

import io.imageharbour.fusefs.FrameLocation;
import io.imageharbour.fusefs.table.FrameAddress;
import java.io.IOException;
import java.util.Optional;

/** What is worth bringing along with a frame that somebody waits for. For one fetch. */
public interface Following {

  /**
   * So many compressed bytes should come along even if they take longer than a request of theirs.
   */
  long bytes();

  /**
   * Whether most of what comes along is read soon, so that it is stored when it comes. If not, it
   * is kept as it came.
   */
  boolean isReadSoon();

  /** The frame that would come along behind this one; empty if there is none. */
  Optional<FrameAddress> after(FrameAddress frame) throws IOException;

  /**
   * A chunk that is missing in the frame that {@link #after} has just named; empty if nothing is.
   */
  Optional<Errand> missingIn(FrameAddress frame, FrameLocation location) throws IOException;
}
