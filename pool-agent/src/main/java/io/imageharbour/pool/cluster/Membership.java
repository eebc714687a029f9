package io.imageharbour.pool.cluster;

import java.util.List;
import java.util.function.Consumer;

/**
 * The agents that are in the pool now. Reading never waits and never fails: where the source of the
 * list can't be reached, the last known list stays in force, and {@link #stale} says so.
 *
 * <p>Safe for use by many threads.
 */
public interface Membership extends AutoCloseable {

  /** The live agents, each id once, in order of their ids; an immutable snapshot. */
  List<AgentAddress> agents();

  /** Whether the source of the list is out of reach, so that the list may be out of date. */
  boolean stale();

  /**
   * Has {@code listener} called with the list as it is, by the caller, and from then on with every
   * new list, in order, by a thread of the membership's. It must be quick: while it runs there are
   * no news. What it throws is logged, and it stays a listener.
   */
  void listen(Consumer<List<AgentAddress>> listener);

  /** Ends following the source; listeners are not called any more, the last list stays readable. */
  @Override
  void close();
}
