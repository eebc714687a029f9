package io.imageharbour.pool.cluster;

import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import org.assertj.core.api.Assertions;

/** Waits until an assertion holds, no longer than a deadline that only a broken program misses. */
public final class Eventually {

  private static final Duration DEADLINE = Duration.ofSeconds(40);
  private static final long STEP_NANOS = Duration.ofMillis(20).toNanos();

  private Eventually() {}

  public interface Assertion {
    void check() throws Exception;
  }

  public static void eventually(Assertion assertion) throws Exception {
    long end = System.nanoTime() + DEADLINE.toNanos();
    while (true) {
      try {
        assertion.check();
        return;
      } catch (AssertionError e) {
        if (System.nanoTime() - end > 0) {
          throw e;
        }
      }
      LockSupport.parkNanos(STEP_NANOS);
    }
  }

  /** Asserts that all threads that a connection to etcd brings go away. */
  public static void noThreadIsLeft() throws Exception {
    eventually(
        () -> {
          Set<String> left = new TreeSet<>();
          for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().matches("(etcd|jetcd|grpc|vert|Failsafe|nioEvent).*")) {
              left.add(thread.getName());
            }
          }
          Assertions.assertThat(left).isEmpty();
        });
  }
}
