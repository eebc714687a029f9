package io.imageharbour.pool.process;

import ch.qos.logback.classic.pattern.ThrowableProxyConverter;
import ch.qos.logback.classic.spi.ILoggingEvent;
import java.util.stream.Collectors;

/**
 * {@code %trace} of a logback pattern: the stack trace of an event that has one. All its lines
 * begin with a tab, which no event does, so that an exception's message can't forge an event.
 */
public final class TraceConverter extends ThrowableProxyConverter {

  /** Made by logback, which finds the name in its configuration. */
  public TraceConverter() {}

  @Override
  public String convert(ILoggingEvent event) {
    return super.convert(event)
        .lines()
        .map(line -> "\t" + FieldValue.line(line.strip()) + System.lineSeparator())
        .collect(Collectors.joining());
  }
}
