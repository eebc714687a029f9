package io.imageharbour.fusefs.mount;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.imageharbour.fusefs.ContentNames;
import io.imageharbour.fusefs.Waiting;
import io.imageharbour.indexer.Digest;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FailureLogTest {

  private final AtomicLong now = new AtomicLong();
  private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
  private final FailureLog failures = newLog(digest -> "image=app path=/x");

  @AfterEach
  void close() {
    failures.close();
  }

  @Test
  void aFailureIsLoggedOnceAMinuteWithTheNumberOfRepeats() throws Exception {
    for (int i = 0; i < 100; i++) {
      failures.failed("read-failed", Optional.of(Digest.EMPTY), "the registry is down");
    }
    awaitLines(1);
    assertThat(logged())
        .containsExactly(
            "event=read-failed image=app path=/x digest="
                + Digest.EMPTY
                + " repeated=0 cause=\"the registry is down\"");
    now.addAndGet(Duration.ofSeconds(61).toNanos());
    failures.failed("read-failed", Optional.of(Digest.EMPTY), "the registry is down");
    awaitLines(2);
    assertThat(logged()).last().asString().contains("repeated=99");
  }

  @Test
  void otherFailuresAreNotHeldBack() throws Exception {
    failures.failed("read-failed", Optional.of(Digest.EMPTY), "the registry is down");
    failures.failed("read-failed", Optional.of(Digest.EMPTY), "the disk is full");
    failures.failed("read-failed", Optional.of(Digest.sha256(new byte[1])), "the disk is full");
    awaitLines(3);
  }

  @Test
  void namesAreSoughtForOneFailureAtATimeWhileNobodyWaits() throws Exception {
    AtomicInteger atOnce = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch gate = new CountDownLatch(1);
    int surplus = 10;
    try (FailureLog slow =
        newLog(
            digest -> {
              most.accumulateAndGet(atOnce.incrementAndGet(), Math::max);
              begun.countDown();
              awaitOpen(gate);
              atOnce.decrementAndGet();
              return "path=/x";
            })) {
      fail(slow, 0);
      assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();
      try (ExecutorService readers = Executors.newFixedThreadPool(8)) {
        for (int i = 1; i <= FailureLog.MAX_QUEUED + surplus; i++) {
          int file = i;
          readers.execute(() -> fail(slow, file));
        }
      }
      // all have come back, and nothing was found yet
      assertThat(logged()).isEmpty();
      gate.countDown();
      awaitLines(1 + FailureLog.MAX_QUEUED + 1);
      assertThat(logged()).last().isEqualTo("event=failures-not-described count=" + surplus);
      assertThat(most).hasValue(1);
    }
  }

  @Test
  void whatIsQueuedAtTheEndIsLoggedWithoutNamesIfTheyTakeTooLong() {
    CountDownLatch never = new CountDownLatch(1);
    try (FailureLog stuck =
        newLog(
            digest -> {
              try {
                boolean unused = never.await(3, TimeUnit.SECONDS);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              return "path=/x";
            })) {
      fail(stuck, 0);
      fail(stuck, 1);
      fail(stuck, 2);
    }
    assertThat(logged()).hasSize(3);
    assertThat(logged()).filteredOn(line -> line.contains("path=/x")).hasSize(1);
  }

  @Test
  void aFailureToFindNamesIsLoggedWithTheRest() throws Exception {
    try (FailureLog broken =
        newLog(
            digest -> {
              throw new OutOfMemoryError("made up");
            })) {
      fail(broken, 0);
      fail(broken, 1);
      awaitLines(4);
      assertThat(logged())
          .filteredOn(line -> line.contains("event=names-unknown") && line.contains("made up"))
          .hasSize(2);
      assertThat(logged())
          .filteredOn(line -> line.contains("repeated=") && line.contains("no"))
          .hasSize(2);
    }
  }

  private static void fail(FailureLog log, int file) {
    Digest digest = Digest.sha256(new byte[] {(byte) file});
    log.failed("read-failed", Optional.of(digest), "no registry");
  }

  private static void awaitOpen(CountDownLatch gate) {
    try {
      assertThat(gate.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void awaitLines(int count) throws Exception {
    Waiting.until(count + " lines are logged", () -> logged().size() == count);
  }

  private List<String> logged() {
    return lines.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
  }

  private FailureLog newLog(ContentNames names) {
    Logger logger = new LoggerContext().getLogger("failures");
    lines.list = new CopyOnWriteArrayList<>();
    lines.start();
    logger.addAppender(lines);
    return new FailureLog(names, logger, now::get);
  }
}
