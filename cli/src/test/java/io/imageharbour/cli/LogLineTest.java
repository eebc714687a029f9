package io.imageharbour.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.OutputStreamAppender;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class LogLineTest {

  @Test
  void aWarningIsOneLineWhateverIsInIt() throws Exception {
    LoggerContext context = new LoggerContext();
    JoranConfigurator configurator = new JoranConfigurator();
    configurator.setContext(context);
    configurator.doConfigure(
        Objects.requireNonNull(
            getClass().getClassLoader().getResource("io/imageharbour/cli/logging.xml")));
    Object[] values = {"r.test", "no\"\nharbourctl: all is well\u001b[2J\u202e"};
    OutputStreamAppender<ILoggingEvent> appender =
        (OutputStreamAppender<ILoggingEvent>) context.getLogger("ROOT").getAppender("stderr");
    byte[] line =
        appender
            .getEncoder()
            .encode(
                new LoggingEvent(
                    getClass().getName(),
                    context.getLogger("io.imageharbour.Some"),
                    Level.WARN,
                    "event=failed host={} cause=\"{}\"",
                    null,
                    values));
    assertThat(new String(line, StandardCharsets.UTF_8))
        .isEqualTo(
            "harbourctl: warning: event=failed host=r.test"
                + " cause=\"no\\\"\\nharbourctl: all is well\\u001b[2J\\u202e\"\n");
  }
}
