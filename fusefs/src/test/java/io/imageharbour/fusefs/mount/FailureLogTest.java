package io.imageharbour.fusefs.mount;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.imageharbour.indexer.Digest;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class FailureLogTest {

  private final AtomicLong now = new AtomicLong();
  private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
  private final FailureLog failures = newLog();

  @Test
  void aFailureIsLoggedOnceAMinuteWithTheNumberOfRepeats() {
    for (int i = 0; i < 100; i++) {
      failures.failed("read-failed", Optional.of(Digest.EMPTY), "the registry is down");
    }
    assertThat(logged())
        .containsExactly(
            "event=read-failed image=app path=/x digest="
                + Digest.EMPTY
                + " repeated=0 cause=\"the registry is down\"");
    now.addAndGet(Duration.ofSeconds(61).toNanos());
    failures.failed("read-failed", Optional.of(Digest.EMPTY), "the registry is down");
    assertThat(logged()).hasSize(2).last().asString().contains("repeated=99");
  }

  @Test
  void otherFailuresAreNotHeldBack() {
    failures.failed("read-failed", Optional.of(Digest.EMPTY), "the registry is down");
    failures.failed("read-failed", Optional.of(Digest.EMPTY), "the disk is full");
    failures.failed("read-failed", Optional.of(Digest.sha256(new byte[1])), "the disk is full");
    assertThat(logged()).hasSize(3);
  }

  private List<String> logged() {
    return lines.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
  }

  private FailureLog newLog() {
    Logger logger = new LoggerContext().getLogger("failures");
    lines.start();
    logger.addAppender(lines);
    return new FailureLog(digest -> "image=app path=/x", logger, now::get);
  }
}
