package io.imageharbour.indexer.registry;

import java.net.URI;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds the next page in a {@code Link} header.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc8288#section-3">RFC 8288, section 3</a>
 */
final class NextLink {

  private static final Pattern LINK =
      Pattern.compile("<([^>]{0,8192}+)>((?:[^,\"<]|\"[^\"]*+\")*+)");
  private static final Pattern RELATION =
      Pattern.compile(
          ";\\s*+rel\\s*+=\\s*+(?:\"([^\"]*+)\"|([^;,\\s]++))", Pattern.CASE_INSENSITIVE);

  private NextLink() {}

  /**
   * Where an answer says that the next page is.
   *
   * @throws HostFailure if that is at another host
   */
  static Optional<URI> follow(Answer answer, Origin origin) throws HostFailure {
    Optional<String> link =
        answer.headers("Link").stream().flatMap(value -> find(value).stream()).findFirst();
    if (link.isEmpty()) {
      return Optional.empty();
    }
    try {
      URI next = Origin.follow(answer.uri(), link.get());
      if (!Origin.of(next).equals(origin)) {
        throw new IllegalArgumentException("leads to another host");
      }
      return Optional.of(next);
    } catch (IllegalArgumentException e) {
      throw new HostFailure(
          HostFailure.Kind.REFUSED, "answered with a next page that " + e.getMessage());
    }
  }

  /** The target of the first link whose relation is {@code next}. */
  static Optional<String> find(String header) {
    Matcher link = LINK.matcher(header);
    while (link.find()) {
      Matcher relation = RELATION.matcher(link.group(2));
      while (relation.find()) {
        String names = relation.group(1) == null ? relation.group(2) : relation.group(1);
        for (String name : names.split("\\s+")) {
          if (name.equalsIgnoreCase("next")) {
            return Optional.of(link.group(1));
          }
        }
      }
    }
    return Optional.empty();
  }
}
