package io.imageharbour.fusefs.fetch;

import io.imageharbour.fusefs.table.FrameAddress;
import java.io.IOException;
import java.util.Optional;

/** What is worth bringing along with a frame that somebody waits for. For one fetch. */
public interface Following {

  /**
   * So many compressed bytes should come along even if they take longer than a request of theirs.
   */
  long bytes();

  /** A chunk that is missing in the frame right behind this one; empty if nothing is. */
  Optional<Errand> after(FrameAddress frame) throws IOException;
}
