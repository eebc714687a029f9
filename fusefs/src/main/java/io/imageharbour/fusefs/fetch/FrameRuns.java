package io.imageharbour.fusefs.fetch;

import io.imageharbour.fusefs.table.FrameAddress;

/**
 * Notices when frames are asked for in the order in which they lie in their pack, and says how many
 * of the following are worth bringing along: none for the first of a run, then 1, 2, 4 and so on.
 * Safe for use by several threads.
 */
final class FrameRuns {

  /** Readers that go through packs at the same time and are told apart. */
  private static final int RUNS = 8;

  private static final int MAX_AHEAD = 16;

  private final Run[] runs = new Run[RUNS];
  private long clock;

  private static final class Run {
    private int pack = -1;
    private long next;
    private int length;
    private long lastUse;
  }

  FrameRuns() {
    for (int i = 0; i < RUNS; i++) {
      runs[i] = new Run();
    }
  }

  /** Notes that somebody waits for this frame; how many frames after it to fetch ahead. */
  synchronized int demanded(FrameAddress frame) {
    Run run = find(frame);
    if (run.pack == frame.pack() && run.next == frame.offset()) {
      run.length++;
    } else {
      run.length = 0;
    }
    continueAfter(run, frame);
    return run.length == 0 ? 0 : Math.min(1 << Math.min(run.length - 1, 30), MAX_AHEAD);
  }

  /** Notes that this frame is fetched ahead, so that the run goes on behind it. */
  synchronized void fetchedAhead(FrameAddress before, FrameAddress frame) {
    for (Run run : runs) {
      if (run.pack == before.pack() && run.next == before.end()) {
        continueAfter(run, frame);
        return;
      }
    }
  }

  private void continueAfter(Run run, FrameAddress frame) {
    run.pack = frame.pack();
    run.next = frame.end();
    run.lastUse = ++clock;
  }

  /** The run that this frame goes on, else the one that was not used for the longest time. */
  private Run find(FrameAddress frame) {
    Run oldest = runs[0];
    for (Run run : runs) {
      if (run.pack == frame.pack() && run.next == frame.offset()) {
        return run;
      }
      if (run.lastUse < oldest.lastUse) {
        oldest = run;
      }
    }
    return oldest;
  }
}
