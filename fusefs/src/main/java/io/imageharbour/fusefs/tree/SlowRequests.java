package io.imageharbour.fusefs.tree;

import static io.imageharbour.fusefs.kernel.FuseProtocol.IN_HEADER;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.imageharbour.fusefs.kernel.FuseProtocol;
import io.imageharbour.fusefs.linux.Tasks;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The requests of one mount that may wait for bytes. Bounded: so many are answered at once, each on
 * a thread; those behind them are held here until one has ended; and if these are many, too,
 * whoever brings another waits. Every wait for bytes has a timeout, so all of that ends.
 *
 * <p>A request is interrupted when its process has been killed. Other signals are not passed on:
 * programs don't expect them to disturb the read of a file. Safe for use by several threads.
 */
final class SlowRequests {

  /** Each takes some 200 bytes. */
  private static final int MAX_HELD = 1 << 14;

  private static final long UNIQUE = FuseProtocol.offset(IN_HEADER, "unique");
  private static final long TASK = FuseProtocol.offset(IN_HEADER, "pid");

  private final int max;
  private final int maxHeld;
  private final IntPredicate isKilled;

  /** Which thread answers which request; guarded by this. */
  private final Map<Long, Answering> answering = new HashMap<>();

  /** In the order in which they came; guarded by this. */
  private final Map<Long, Held> held = new LinkedHashMap<>();

  /** Guarded by this. */
  private boolean ended;

  private record Answering(Thread thread, int task) {}

  private record Held(byte[] bytes, int task) {}

  /** What there is to do about an interrupt. */
  enum Interrupt {
    /** Nothing. */
    NOTHING,
    /** Have the kernel say it again: the request is not here yet, or no longer. */
    REPEAT,
    /** Answer the request, which was held and is in the buffer now, without waiting for bytes. */
    ANSWER
  }

  /** At most {@code max} at once. */
  SlowRequests(int max) {
    this(max, MAX_HELD, Tasks::isKilled);
  }

  /** {@code isKilled} says whether the thread with a number has been killed. */
  SlowRequests(int max, int maxHeld, IntPredicate isKilled) {
    this.max = max;
    this.maxHeld = maxHeld;
    this.isKilled = isKilled;
  }

  /**
   * Takes a request.
   *
   * @return whether the caller is to answer it, on this thread, and ask for the {@link #next} then
   */
  synchronized boolean begin(MemorySegment request) {
    while (held.size() >= maxHeld && !ended) {
      awaitChange();
    }
    if (answering.size() < max && !ended) {
      put(request);
      return true;
    }
    if (!ended) {
      held.put(unique(request), new Held(request.toArray(JAVA_BYTE), task(request)));
    }
    return false;
  }

  /**
   * Ends a request that the caller has answered, and begins the one that is held for the longest.
   *
   * @param unique number of the request that was answered
   * @param buffer is given the next one
   * @return the next one's length in bytes, or 0 if there is none
   */
  synchronized int next(long unique, MemorySegment buffer) {
    answering.remove(unique);
    // an interrupt that came too late is not for the next request
    boolean unused = Thread.interrupted();
    if (held.isEmpty() || ended) {
      return 0;
    }
    int length = takeHeld(held.keySet().iterator().next(), buffer);
    put(buffer);
    return length;
  }

  /** Interrupts a request if its process has been killed; {@code buffer} may be given it. */
  synchronized Interrupt interrupt(long unique, MemorySegment buffer) {
    @Nullable Answering now = answering.get(unique);
    if (now != null) {
      if (isKilled.test(now.task())) {
        now.thread().interrupt();
      }
      return Interrupt.NOTHING;
    }
    @Nullable Held later = held.get(unique);
    if (later == null) {
      return ended ? Interrupt.NOTHING : Interrupt.REPEAT;
    }
    if (!isKilled.test(later.task())) {
      return Interrupt.NOTHING;
    }
    takeHeld(unique, buffer);
    return Interrupt.ANSWER;
  }

  /** Interrupts all requests: nobody waits for their answers any more. */
  synchronized void end() {
    ended = true;
    held.clear();
    answering.values().forEach(each -> each.thread().interrupt());
    notifyAll();
  }

  /** The number of a request, as an interrupt names it. */
  static long unique(MemorySegment request) {
    return request.get(JAVA_LONG, UNIQUE);
  }

  private static int task(MemorySegment request) {
    return request.get(JAVA_INT, TASK);
  }

  private void put(MemorySegment request) {
    answering.put(unique(request), new Answering(Thread.currentThread(), task(request)));
  }

  private int takeHeld(long unique, MemorySegment buffer) {
    byte[] bytes = Objects.requireNonNull(held.remove(unique)).bytes();
    MemorySegment.copy(bytes, 0, buffer, JAVA_BYTE, 0, bytes.length);
    notifyAll();
    return bytes.length;
  }

  private void awaitChange() {
    try {
      wait();
    } catch (InterruptedException e) {
      // meant for a request that this thread has answered
    }
  }
}
