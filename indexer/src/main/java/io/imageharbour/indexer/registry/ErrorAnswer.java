package io.imageharbour.indexer.registry;

import com.fasterxml.jackson.databind.JsonNode;
import io.imageharbour.indexer.registry.HostFailure.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Turns an answer that is no success into a failure with what the host says about it.
 *
 * @see <a href="https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes">
 *     distribution specification, error codes</a>
 */
final class ErrorAnswer {

  private static final int MAX_BODY = 8 << 10;
  private static final int MAX_TEXT = 300;
  private static final int MAX_ERRORS = 3;

  private ErrorAnswer() {}

  /**
   * Reads an answer.
   *
   * @param secrets texts that the message must not repeat, even if the host does
   */
  static HostFailure read(Answer answer, List<String> secrets, Deadline deadline)
      throws IOException {
    int status = answer.status();
    if (status / 100 == 3) {
      return new HostFailure(Kind.REFUSED, "answered %d, a redirect".formatted(status));
    }
    StringBuilder message = new StringBuilder("answered ").append(status);
    String text = text(answer.readUpTo(MAX_BODY, deadline));
    for (String secret : secrets) {
      if (!secret.isEmpty()) {
        text = text.replace(secret, "…");
      }
    }
    if (!text.isEmpty()) {
      message.append(" (").append(Printable.line(text, MAX_TEXT)).append(')');
    }
    return new HostFailure(
        kind(status), message.toString(), answer.header("Retry-After").flatMap(ErrorAnswer::delay));
  }

  private static Kind kind(int status) {
    return switch (status) {
      case 404 -> Kind.NOT_FOUND;
      case 401, 403 -> Kind.UNAUTHORIZED;
      case 408, 425, 429, 500, 502, 503, 504 -> Kind.TEMPORARY;
      default -> Kind.REFUSED;
    };
  }

  private static String text(byte[] body) {
    String text = new String(body, StandardCharsets.UTF_8);
    if (body.length > MAX_BODY) {
      return text;
    }
    List<String> errors = new ArrayList<>();
    Json.parse(body)
        .ifPresent(
            root -> {
              for (JsonNode error : root.path("errors")) {
                String code = Json.text(error, "code");
                String said = Json.text(error, "message");
                if (errors.size() < MAX_ERRORS && !(code + said).isEmpty()) {
                  errors.add(code.isEmpty() || said.isEmpty() ? code + said : code + ": " + said);
                }
              }
            });
    // Proxies answer with HTML or plain text.
    return errors.isEmpty() ? text : String.join("; ", errors);
  }

  /** Seconds, or a date. */
  private static Optional<Duration> delay(String retryAfter) {
    String value = retryAfter.strip();
    if (value.matches("[0-9]{1,9}")) {
      return Optional.of(Duration.ofSeconds(Long.parseLong(value)));
    }
    try {
      Instant date = ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
      Duration delay = Duration.between(Instant.now(), date);
      return Optional.of(delay.isNegative() ? Duration.ZERO : delay);
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }
}
