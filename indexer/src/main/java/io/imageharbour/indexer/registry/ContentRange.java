package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.registry.HostFailure.Kind;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A run of a blob's bytes: asked for with {@code Range}, checked in {@code Content-Range}.
 *
 * @param first position of the first byte
 * @param length in bytes, at least 1
 * @param total length of the whole blob in bytes
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9110#section-14">RFC 9110, section 14</a>
 */
record ContentRange(long first, long length, long total) {

  private static final Pattern ANSWER =
      Pattern.compile("bytes\\s+([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\\*)");

  ContentRange {
    if (first < 0 || length < 1 || total < first || length > total - first) {
      throw new IllegalArgumentException(
          "%d bytes from %d are not in a blob of %d bytes".formatted(length, first, total));
    }
  }

  HeaderField asHeader() {
    return new HeaderField("Range", "bytes=" + first + "-" + (first + length - 1));
  }

  /**
   * Checks that an answer with status 206 holds these bytes and no others.
   *
   * @throws HostFailure if it doesn't
   */
  void check(Answer answer) throws HostFailure {
    String header = answer.header("Content-Range").orElse("");
    Matcher came = ANSWER.matcher(header.strip());
    boolean fits =
        came.matches()
            && Long.parseLong(came.group(1)) == first
            && Long.parseLong(came.group(2)) == first + length - 1
            && (came.group(3).equals("*") || Long.parseLong(came.group(3)) == total);
    if (!fits) {
      throw new HostFailure(
          Kind.WRONG_CONTENT,
          "answered with Content-Range %s when bytes %d-%d of %d were asked for"
              .formatted(Printable.quote(header), first, first + length - 1, total));
    }
  }
}
