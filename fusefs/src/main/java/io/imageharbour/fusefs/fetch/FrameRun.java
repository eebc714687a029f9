package io.imageharbour.fusefs.fetch;

import io.imageharbour.fusefs.FrameLocation;
import java.util.ArrayList;
import java.util.List;

/**
 * Frames that lie one behind the other in a pack and are fetched together. Belongs to the thread
 * that puts it together, until it begins; does not change after that.
 */
final class FrameRun {

  private final FrameFlight first;
  private final boolean keepsRiders;
  private final List<Rider> riders = new ArrayList<>();

  /** A frame that comes along: if it does not arrive, nothing has failed. */
  record Rider(FrameFlight flight, FrameLocation location) {}

  /**
   * A run of one frame.
   *
   * @param first the sources are asked for its chunk
   * @param keepsRiders whether frames that come along are kept as they are until somebody wants
   *     them, and not unpacked at once
   */
  FrameRun(FrameFlight first, boolean keepsRiders) {
    this.first = first;
    this.keepsRiders = keepsRiders;
  }

  FrameFlight first() {
    return first;
  }

  boolean keepsRiders() {
    return keepsRiders;
  }

  /** The frames behind the first, as they lie in the pack. */
  List<Rider> riders() {
    return riders;
  }
}
