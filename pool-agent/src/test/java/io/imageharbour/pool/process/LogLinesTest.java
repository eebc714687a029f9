package io.imageharbour.pool.process;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.OutputStreamAppender;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The lines of the configuration that the daemons are shipped with. */
class LogLinesTest {

  private final LoggerContext context = new LoggerContext();
  private final Logger log = context.getLogger("io.imageharbour.Some");

  @BeforeEach
  void configureAsShipped() throws Exception {
    JoranConfigurator configurator = new JoranConfigurator();
    configurator.setContext(context);
    configurator.doConfigure(
        Objects.requireNonNull(
            getClass().getClassLoader().getResource("io/imageharbour/pool/process/logback.xml")));
  }

  @Test
  void aValueCanNotEndItsField() {
    assertThat(line("event=failed cause=\"{}\" host={}", "no\" host=\"evil", "r.test"))
        .isEqualTo("event=failed cause=\"no\\\" host=\\\"evil\" host=r.test\n");
    assertThat(line("event=failed cause=\"{}\" host={}", "ends with \\", "r.test"))
        .isEqualTo("event=failed cause=\"ends with \\\\\" host=r.test\n");
  }

  @Test
  void aValueWithoutQuotationMarksGetsThemWhenItNeedsThem() {
    assertThat(line("event=failed file={} tries={}", "/a b", 3))
        .isEqualTo("event=failed file=\"/a b\" tries=3\n");
    assertThat(line("event=failed file={}", "a=b")).isEqualTo("event=failed file=\"a=b\"\n");
    assertThat(line("event=failed file={}", "a\"b")).isEqualTo("event=failed file=\"a\\\"b\"\n");
    assertThat(line("event=failed file={}", "/ü/文")).isEqualTo("event=failed file=/ü/文\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"\n", "\r", "\u0085", "\u2028", "\u2029", "\u001b[2J", "\u202e", "\u007f"})
  void aValueCanNotBeginALineOrTurnTheTerminal(String hostile) {
    for (String format :
        List.of("event=failed cause=\"{}\"", "event=failed cause={}", "event=failed {}", "{}")) {
      assertThat(line(format, hostile + "event=forged").strip())
          .doesNotContain(hostile)
          .hasLineCount(1)
          .startsWith("event=");
    }
  }

  @Test
  void fieldsThatWereMadeBeforeStayFields() {
    assertThat(line("event=failed {} tries={}", "path=" + FieldValue.of("/a b"), 1))
        .isEqualTo("event=failed path=\"/a b\" tries=1\n");
  }

  @Test
  void placeholdersInValuesAreNotFilled() {
    assertThat(line("event=failed a={} b=\"{}\"", "{}", "x"))
        .isEqualTo("event=failed a={} b=\"x\"\n");
    assertThat(line("event=failed a={} b={}", "x")).isEqualTo("event=failed a=x b={}\n");
  }

  @Test
  void whatALibrarySaysIsAFieldOfOneEvent() {
    assertThat(line("Failed: {}", "event=ready"))
        .isEqualTo("event=message logger=io.imageharbour.Some text=\"Failed: event=ready\"\n");
  }

  @Test
  void aStackTraceIsIndentedWhateverItsMessageIs() {
    String text =
        line(
            "event=bug call={}",
            "Commit",
            new IOException("odd\n2026-01-01T00:00:00Z level=INFO event=forged", new Error("x")));
    assertThat(text.lines().skip(1)).isNotEmpty().allMatch(line -> line.startsWith("\t"));
    assertThat(text)
        .startsWith("event=bug call=Commit\n\tjava.io.IOException: odd\n")
        .contains("\n\tat io.imageharbour.pool.process.LogLinesTest")
        .contains("\n\tCaused by: java.lang.Error: x");
  }

  /** What the log gets, behind time and level. */
  private String line(String format, @Nullable Object... values) {
    ILoggingEvent event =
        new LoggingEvent(getClass().getName(), log, Level.ERROR, format, null, values);
    OutputStreamAppender<ILoggingEvent> appender =
        (OutputStreamAppender<ILoggingEvent>) context.getLogger("ROOT").getAppender("stderr");
    String text = new String(appender.getEncoder().encode(event), StandardCharsets.UTF_8);
    String before = " level=ERROR ";
    assertThat(text).contains(before).endsWith("\n");
    return text.substring(text.indexOf(before) + before.length());
  }
}
