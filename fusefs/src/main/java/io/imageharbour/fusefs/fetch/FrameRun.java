package io.imageharbour.fusefs.fetch;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Frames that lie one behind the other in a pack and are fetched together. Belongs to the thread
 * that puts it together, until it begins; does not change after that.
 */
final class FrameRun {

  private final FrameFlight first;
  private final List<FrameFlight> riders = new ArrayList<>();

  /** A run of one frame. */
  FrameRun(FrameFlight first) {
    this.first = first;
  }

  /** The flight that the others were added to; the sources are asked for its chunk. */
  FrameFlight first() {
    return first;
  }

  /** The flights of the frames behind it: if they do not arrive, nothing has failed. */
  List<FrameFlight> riders() {
    return riders;
  }

  /** All of them, as they lie in the pack. */
  Stream<FrameFlight> flights() {
    return Stream.concat(Stream.of(first), riders.stream());
  }
}
