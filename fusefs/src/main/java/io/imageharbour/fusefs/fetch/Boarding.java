package io.imageharbour.fusefs.fetch;

import io.imageharbour.fusefs.FrameLocation;
import io.imageharbour.fusefs.table.ContentTable;
import io.imageharbour.fusefs.table.FrameAddress;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.ConcurrentMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides which frames come along with one that somebody waits for. Safe for use by several
 * threads.
 */
final class Boarding {

  private static final Logger log = LoggerFactory.getLogger(Boarding.class);

  /**
   * One in so many frames that come along is wanted before long (measured with a Python start), so
   * they may take that part of the time that a request of their own would.
   */
  private static final int RIDERS_PER_WANTED = 3;

  /** So many compressed bytes come along at most because that is faster than another request. */
  private static final long MAX_FREE_RIDE = 1 << 20;

  /** So many come along at most, whatever they cost. */
  private static final long MAX_RIDE = 2 << 20;

  /** So many bytes they may inflate to. */
  private static final long MAX_INFLATED_RIDE = 16 << 20;

  /** So many frames may come along, however small they are. */
  private static final int MAX_RIDERS = 128;

  /** A frame is kept if it inflates to so many bytes at most: those of small files do. */
  private static final int MAX_KEPT_SIZE = 1 << 20;

  private final ContentTable table;
  private final KeptFrames kept;
  private final ConcurrentMap<FrameAddress, FrameFlight> flights;
  private final FrameRuns runs;

  /**
   * Looks at what is known.
   *
   * @param flights gets one for each frame that comes along
   */
  Boarding(
      ContentTable table,
      KeptFrames kept,
      ConcurrentMap<FrameAddress, FrameFlight> flights,
      FrameRuns runs) {
    this.table = table;
    this.kept = kept;
    this.flights = flights;
    this.runs = runs;
  }

  /**
   * Adds the frames behind the run's first that come along: as many as cost no more time than
   * requests of their own would, and those that are worth more. Ends at the first that is here, or
   * on its way.
   *
   * @param bytesPerLatency of the source that is about to be asked
   */
  void board(FrameRun run, Following following, long bytesPerLatency) {
    long free = Math.min(bytesPerLatency / RIDERS_PER_WANTED, MAX_FREE_RIDE);
    long left = Math.max(free, Math.min(following.bytes(), MAX_RIDE));
    long inflatedLeft = MAX_INFLATED_RIDE;
    try {
      FrameAddress last = run.first().wanted().frame();
      while (run.riders().size() < MAX_RIDERS) {
        Optional<FrameAddress> next = following.after(last);
        if (next.isEmpty() || !isRightBehind(last, next.get())) {
          return;
        }
        FrameAddress behind = next.get();
        left -= behind.compressedSize();
        inflatedLeft -= behind.size();
        if (left < 0 || inflatedLeft < 0 || !add(run, behind, following)) {
          return;
        }
        runs.fetchedAhead(last, behind);
        last = behind;
      }
    } catch (IOException e) {
      // whoever wants those frames will hear of it
      log.warn("event=no-read-ahead cause=\"{}\"", e.getMessage());
    }
  }

  private static boolean isRightBehind(FrameAddress last, FrameAddress frame) {
    return frame.pack() == last.pack() && frame.offset() == last.end();
  }

  /** Adds one frame; whether something in it is missing and not on its way. */
  private boolean add(FrameRun run, FrameAddress frame, Following following) throws IOException {
    if (run.keepsRiders() && (frame.size() > MAX_KEPT_SIZE || kept.contains(frame))) {
      return false;
    }
    Optional<FrameLocation> location = table.locate(frame);
    Optional<Errand> missing =
        location.isPresent() ? following.missingIn(frame, location.get()) : Optional.empty();
    if (missing.isEmpty()) {
      return false;
    }
    FrameFlight rider = new FrameFlight(missing.get());
    // in this order: a flight that is in the map must be known to the run, which ends it
    run.riders().add(new FrameRun.Rider(rider, location.get()));
    if (flights.putIfAbsent(frame, rider) != null) {
      run.riders().removeLast();
      return false;
    }
    return true;
  }
}
