package io.imageharbour.fusefs.mount;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Several ways to the same end. */
final class Ways {

  private static final Logger log = LoggerFactory.getLogger(Ways.class);

  private static final Duration FOREVER = Duration.ofNanos(Long.MAX_VALUE);

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
   * as nowhere, so the others have their turn, and then it has twice as long; the last that is left
   * has all the time it takes.
   *
   * @param ways at least one
   * @param patience how long a way is gone the first time
   * @throws IOException if none does: the failure of the last, which knows those of the others
   */
  static <T> void inTurns(
      Collection<T> ways, Function<T, Duration> patience, PatientAttempt<T> attempt)
      throws IOException, InterruptedException {
    @Nullable IOException failure = null;
    List<T> left = new ArrayList<>(ways);
    for (int turn = 1; !left.isEmpty(); turn *= 2) {
      for (T way : List.copyOf(left)) {
        try {
          attempt.go(way, left.size() == 1 ? FOREVER : patience.apply(way).multipliedBy(turn));
          return;
        } catch (OutOfPatienceException e) {
          log.info("event=way-takes-long cause=\"{}\"", e.getMessage());
        } catch (IOException e) {
          left.remove(way);
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
