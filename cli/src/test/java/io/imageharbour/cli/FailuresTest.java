package io.imageharbour.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.fusefs.ContentTableException;
import io.imageharbour.fusefs.linux.Errno;
import io.imageharbour.fusefs.linux.LinuxException;
import io.imageharbour.indexer.HarbourException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import org.junit.jupiter.api.Test;

class FailuresTest {

  @Test
  void anExpectedFailureIsOneHarmlessLine() {
    assertThat(report(new HarbourException("the index is damaged\n\u001b[2J"), false))
        .isEqualTo("harbourctl: the index is damaged\\n\\033[2J\n");
  }

  @Test
  void verboseShowsWhereItComesFrom() {
    assertThat(report(new HarbourException("the index is damaged"), true))
        .contains("\tat io.imageharbour.cli.FailuresTest");
  }

  @Test
  void aBugIsCalledOne() {
    assertThat(report(new IllegalStateException("oops"), false))
        .contains("oops", "a bug in Harbour");
    assertThat(Failures.exitCode(new IllegalStateException("oops"))).isEqualTo(ExitCode.INTERNAL);
  }

  @Test
  void aFileThatFailsIsNamedWithTheReason() {
    assertThat(report(new FileSystemException("/x", null, "No space left on device"), false))
        .isEqualTo("harbourctl: /x: No space left on device\n");
    assertThat(report(new UncheckedIOException(new AccessDeniedException("/etc/shadow")), false))
        .isEqualTo("harbourctl: /etc/shadow: access denied\n");
  }

  @Test
  void whatThisMachineRefusesIsNotTheImagesFault() {
    assertThat(Failures.exitCode(new LinuxException("open", "/root", Errno.EACCES)))
        .isEqualTo(ExitCode.LOCAL);
    assertThat(Failures.exitCode(new ContentTableException("can't add image a (disk full?)")))
        .isEqualTo(ExitCode.LOCAL);
  }

  @Test
  void aReaderThatWentAwayIsNoNews() {
    assertThat(report(new OutputFailedException(true, new IOException("x")), false)).isEmpty();
    assertThat(Failures.exitCode(new OutputFailedException(true, new IOException("x"))))
        .isEqualTo(ExitCode.BROKEN_PIPE);
    assertThat(Failures.exitCode(new OutputFailedException(false, new IOException("x"))))
        .isEqualTo(ExitCode.LOCAL);
  }

  @Test
  void beingInterruptedIsNoBug() {
    assertThat(Failures.exitCode(new InterruptedException())).isEqualTo(ExitCode.INTERRUPTED);
    assertThat(Failures.exitCode(new InterruptedIOException())).isEqualTo(ExitCode.INTERRUPTED);
  }

  private static String report(Exception failure, boolean verbose) {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Failures.report(failure, verbose, new PrintStream(err, true, StandardCharsets.UTF_8));
    return err.toString(StandardCharsets.UTF_8);
  }
}
