package io.imageharbour.cli.progress;

/**
 * Shows people how far the work has come. Stages may go on beside each other, each called by one
 * thread at a time. {@link #close} leaves the last state on the screen.
 */
public interface Progress extends AutoCloseable {

  /** The total of something whose end is not known. */
  long UNKNOWN = -1;

  /** A new stage; nothing is shown before it starts. */
  Stage stage(Unit unit);

  /** Shows a line that stays, above what moves. */
  void message(String line);

  @Override
  void close();

  /** What a stage counts. */
  enum Unit {
    BYTES,
    THINGS
  }

  /** A part of the work: one piece of work, or several after each other. */
  interface Stage {

    /**
     * Begins a piece of work.
     *
     * @param label what is done, a few words
     * @param total how much there is, or {@link #UNKNOWN}
     */
    void start(String label, long total);

    /** The piece of work went on by this much. */
    void advance(long amount);

    /** The piece of work is complete. */
    void finish();
  }
}
