package io.imageharbour.fusefs.mount;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Several ways to the same end. */
final class Ways {

  private static final Duration FOREVER = Duration.ofNanos(Long.MAX_VALUE);

  /** How much longer a way is gone the last time than the first. */
  private static final int MOST_TIMES = 16;

  private Ways() {}

  /** One way. */
  @FunctionalInterface
  interface Attempt<T> {
    void go(T way) throws IOException, InterruptedException;
  }

  /** One way, for some time. */
  @FunctionalInterface
  interface PatientAttempt<T> {

    /**
     * Goes it.
     *
     * @throws OutOfPatienceException if that takes longer; a second attempt may go on from there
     */
    void go(T way, Duration patience) throws IOException, InterruptedException;
  }

  /**
   * Goes one way after the other until one leads there. One that takes long may lead there as well
   * as nowhere, so the others have their turn, and then it has twice as long; after its fifth turn
   * it is given up. Only a way without others has all the time it takes.
   *
   * @param ways at least one
   * @param patience how long a way is gone the first time
   * @throws IOException if none does: the failure of the last, which knows those of the others
   */
  static <T> void inTurns(
      Collection<T> ways, Function<T, Duration> patience, PatientAttempt<T> attempt)
      throws IOException, InterruptedException {
    if (ways.size() == 1) {
      attempt.go(ways.iterator().next(), FOREVER);
      return;
    }
    @Nullable IOException failure = null;
    List<T> left = new ArrayList<>(ways);
    for (int times = 1; !left.isEmpty(); times *= 2) {
      for (T way : List.copyOf(left)) {
        try {
          attempt.go(way, patience.apply(way).multipliedBy(times));
          return;
        } catch (IOException e) {
          if (!(e instanceof OutOfPatienceException) || times == MOST_TIMES) {
            left.remove(way);
          }
          if (failure != null) {
            e.addSuppressed(failure);
          }
          failure = e;
        }
      }
    }
    throw Objects.requireNonNull(failure);
  }

  /**
   * Goes one way after the other until one leads there.
   *
   * @param ways at least one
   * @throws IOException if none does: the failure of the last, which knows those of the others
   */
  static <T> void untilOneLeads(Collection<T> ways, Attempt<T> attempt)
      throws IOException, InterruptedException {
    @Nullable IOException failure = null;
    for (T way : ways) {
      try {
        attempt.go(way);
        return;
      } catch (IOException e) {
        if (failure != null) {
          e.addSuppressed(failure);
        }
        failure = e;
      }
    }
    throw Objects.requireNonNull(failure);
  }
}
