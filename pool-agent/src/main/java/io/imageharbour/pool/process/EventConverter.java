package io.imageharbour.pool.process;

import ch.qos.logback.classic.pattern.ClassicConverter;
import ch.qos.logback.classic.spi.ILoggingEvent;

/**
 * {@code %event} of a logback pattern: an event's fields on one line. What the program wrote, such
 * as <code>event=failed snapshot={} cause="{}"</code>, stays as it is; the values that are put in
 * are escaped as {@link FieldValue} does, so that no registry and no file name can end a field or a
 * line, or begin one. Whatever libraries say becomes the field of an event of its own.
 *
 * <p>A placeholder that neither follows {@code =} nor stands between quotation marks takes fields
 * that were made with {@link FieldValue} before.
 */
public final class EventConverter extends ClassicConverter {

  private static final String PLACEHOLDER = "{}";

  /** Made by logback, which finds the name in its configuration. */
  public EventConverter() {}

  @Override
  public String convert(ILoggingEvent event) {
    String format = String.valueOf(event.getMessage());
    if (!format.startsWith("event=")) {
      return "event=message logger=%s text=%s"
          .formatted(event.getLoggerName(), FieldValue.of(event.getFormattedMessage()));
    }
    Object[] values = event.getArgumentArray();
    return values == null ? FieldValue.line(format) : fill(format, values);
  }

  private static String fill(String format, Object[] values) {
    StringBuilder line = new StringBuilder(format.length() + 64);
    boolean quoted = false;
    int end = 0;
    for (Object value : values) {
      int placeholder = format.indexOf(PLACEHOLDER, end);
      if (placeholder < 0) {
        break;
      }
      String before = format.substring(end, placeholder);
      quoted ^= before.chars().filter(c -> c == '"').count() % 2 == 1;
      line.append(before);
      String text = String.valueOf(value);
      if (quoted) {
        line.append(FieldValue.escape(text));
      } else if (before.endsWith("=")) {
        line.append(FieldValue.of(text));
      } else {
        line.append(FieldValue.line(text));
      }
      end = placeholder + PLACEHOLDER.length();
    }
    return line.append(format, end, format.length()).toString();
  }
}
