package io.imageharbour.fusefs.mount;

import java.io.IOException;
import java.util.Collection;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Several ways to the same end. */
final class Ways {

  private Ways() {}

  /** One way. */
  @FunctionalInterface
  interface Attempt<T> {
    void go(T way) throws IOException, InterruptedException;
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
