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

/** Interrupts of the thread that the test runs on. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SAME_THREAD)
class EffortTest {

  private static final Duration CHECK = Duration.ofMillis(5);
  private static final Duration LONG = Duration.ofDays(1);

  private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
  private final CountDownLatch never = new CountDownLatch(1);

  @AfterEach
  void close() {
    clock.close();
  }

  @Test
  void itEndsWhenNothingComesOfIt() {
    try (Effort effort = effort(Duration.ofMillis(100), LONG, new AtomicBoolean(true))) {
      assertThatThrownBy(never::await).isInstanceOf(InterruptedException.class);
      assertThat(effort.end()).hasValue("nothing has come of it for 0 s");
    }
  }

  @Test
  void itGoesOnAsLongAsItGetsOnButNotForEver() {
    Duration stall = Duration.ofMillis(100);
    AtomicLong steps = new AtomicLong();
    try (Effort effort = effort(stall, Duration.ofMillis(300), new AtomicBoolean(true))) {
      // every check finds that it has got on
      effort.step(steps::incrementAndGet);
      assertThatThrownBy(never::await).isInstanceOf(InterruptedException.class);
      assertThat(effort.end()).hasValue("it has taken longer than 0 min");
    }
  }

  @Test
  void eachStepHasTimeOfItsOwn() throws Exception {
    Duration stall = Duration.ofSeconds(2);
    try (Effort effort = effort(stall, LONG, new AtomicBoolean(true))) {
      for (int i = 0; i < 6; i++) {
        assertThat(never.await(500, TimeUnit.MILLISECONDS)).isFalse();
        effort.step(() -> 0);
      }
      assertThat(effort.end()).isEmpty();
    }
  }

  @Test
  void itEndsWhenItIsAnothersToDo() {
    AtomicBoolean needed = new AtomicBoolean(true);
    try (Effort effort = effort(LONG, LONG, needed)) {
      effort.step(
          () -> {
            needed.set(false);
            return 1;
          });
      assertThatThrownBy(never::await).isInstanceOf(InterruptedException.class);
      assertThat(effort.end()).hasValue("another agent leads");
    }
  }

  @Test
  void anInterruptThatWasNotNoticedIsTakenBack() throws Exception {
    CountDownLatch checked = new CountDownLatch(3);
    try (Effort effort = effort(LONG, LONG, new AtomicBoolean(false))) {
      while (effort.end().isEmpty()) {
        Thread.onSpinWait();
      }
    }
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
    clock.scheduleWithFixedDelay(checked::countDown, 5, 5, TimeUnit.MILLISECONDS);
    checked.await();
  }

  private Effort effort(Duration stall, Duration all, AtomicBoolean needed) {
    return new Effort(new Effort.Limits(stall, all, CHECK), needed::get, clock);
  }
}
