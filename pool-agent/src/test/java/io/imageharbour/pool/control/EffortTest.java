package io.imageharbour.pool.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Interrupts of the thread that the test runs on; time passes only when the test says so. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SAME_THREAD)
class EffortTest {

  private static final long MINUTE = Duration.ofMinutes(1).toNanos();
  private static final Effort.Limits LIMITS =
      new Effort.Limits(Duration.ofMinutes(2), Duration.ofMinutes(9), Duration.ofMillis(1));

  private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
  private final AtomicLong now = new AtomicLong(7);
  private final AtomicBoolean needed = new AtomicBoolean(true);
  private final CountDownLatch never = new CountDownLatch(1);

  @AfterEach
  void close() {
    clock.close();
  }

  @Test
  void itEndsWhenNothingComesOfIt() throws Exception {
    try (Effort effort = effort()) {
      now.addAndGet(2 * MINUTE);
      awaitChecks();
      assertThat(effort.end()).isEmpty();
      now.incrementAndGet();
      assertThatThrownBy(never::await).isInstanceOf(InterruptedException.class);
      assertThat(effort.end()).hasValue("nothing has come of it for 120 s");
    }
  }

  @Test
  void itGoesOnAsLongAsItGetsOnButNotForEver() throws Exception {
    AtomicLong figure = new AtomicLong();
    try (Effort effort = effort()) {
      effort.step(figure::get);
      for (int i = 0; i < 9; i++) {
        figure.incrementAndGet();
        awaitChecks();
        now.addAndGet(MINUTE);
        awaitChecks();
        assertThat(effort.end()).isEmpty();
      }
      figure.incrementAndGet();
      now.incrementAndGet();
      assertThatThrownBy(never::await).isInstanceOf(InterruptedException.class);
      assertThat(effort.end()).hasValue("it has taken longer than 9 min");
    }
  }

  @Test
  void eachStepHasTimeOfItsOwn() throws Exception {
    try (Effort effort = effort()) {
      for (int i = 0; i < 4; i++) {
        effort.step(() -> 0);
        now.addAndGet(2 * MINUTE);
        awaitChecks();
      }
      assertThat(effort.end()).isEmpty();
    }
  }

  @Test
  void itEndsWhenItIsAnothersToDo() throws Exception {
    try (Effort effort = effort()) {
      awaitChecks();
      assertThat(effort.end()).isEmpty();
      needed.set(false);
      assertThatThrownBy(never::await).isInstanceOf(InterruptedException.class);
      assertThat(effort.end()).hasValue("another agent leads");
    }
  }

  @Test
  void anInterruptThatWasNotNoticedIsTakenBackAndNoOtherComes() throws Exception {
    needed.set(false);
    try (Effort effort = effort()) {
      while (effort.end().isEmpty()) {
        Thread.onSpinWait();
      }
    }
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
    awaitChecks();
  }

  private Effort effort() {
    return new Effort(LIMITS, needed::get, clock, now::get);
  }

  /** Waits until the clock has had time to look at least once; it runs one thing at a time. */
  private void awaitChecks() throws InterruptedException {
    CountDownLatch ticks = new CountDownLatch(3);
    var ticking = clock.scheduleWithFixedDelay(ticks::countDown, 2, 2, TimeUnit.MILLISECONDS);
    ticks.await();
    ticking.cancel(false);
  }
}
