package io.imageharbour.fusefs.fetch;

import java.util.List;
import java.util.stream.Stream;

/**
 * Frames that lie one behind the other in a pack and are fetched together.
 *
 * @param first the flight that the others were added to; the sources are asked for its chunk
 * @param riders the flights of the frames behind it: if they do not arrive, nothing has failed
 */
record FrameRun(FrameFlight first, List<FrameFlight> riders) {

  FrameRun {
    riders = List.copyOf(riders);
  }

  Stream<FrameFlight> flights() {
    return Stream.concat(Stream.of(first), riders.stream());
  }
}
