package io.imageharbour.indexer.registry;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.Objects;

/**
 * Scheme, host and port of an address: credentials go to their own origin and nowhere else.
 *
 * @param scheme {@code http} or {@code https}
 * @param host in lower case, IPv6 addresses in brackets
 * @param port the number, also where it is the scheme's own
 * @see <a href="https://www.rfc-editor.org/rfc/rfc6454">RFC 6454</a>
 */
record Origin(String scheme, String host, int port) {

  static final String HTTP = "http";
  static final String HTTPS = "https";

  /**
   * The origin of an absolute address.
   *
   * @throws IllegalArgumentException if the address has no host, names a user, or is neither http
   *     nor https
   */
  static Origin of(URI uri) {
    String scheme = Objects.requireNonNullElse(uri.getScheme(), "").toLowerCase(Locale.ROOT);
    if (!scheme.equals(HTTP) && !scheme.equals(HTTPS)) {
      throw new IllegalArgumentException("is neither http nor https");
    }
    String host = uri.getHost();
    if (host == null || uri.getRawUserInfo() != null) {
      throw new IllegalArgumentException("names no host, or a user");
    }
    int port = uri.getPort();
    if (port == 0 || port > 65535) {
      throw new IllegalArgumentException("names no port that exists");
    }
    int known = scheme.equals(HTTPS) ? 443 : 80;
    return new Origin(scheme, host.toLowerCase(Locale.ROOT), port < 0 ? known : port);
  }

  /**
   * Reads an address that a server sent ({@code Location}, {@code Link}, {@code realm}), relative
   * to the one that was asked.
   *
   * @throws IllegalArgumentException if it can't be used as an address, or gives up TLS
   */
  static URI follow(URI asked, String reference) {
    try {
      URI next = asked.resolve(new URI(reference));
      Origin origin = of(next);
      if (of(asked).isEncrypted() && !origin.isEncrypted()) {
        throw new IllegalArgumentException("leads from https to http");
      }
      return next;
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException("is not an address", e);
    }
  }

  boolean isEncrypted() {
    return scheme.equals(HTTPS);
  }

  /** {@code host:port}, the port only where it is not the scheme's own. */
  String authority() {
    return port == (isEncrypted() ? 443 : 80) ? host : host + ":" + port;
  }

  /** {@code scheme://host[:port]}. */
  @Override
  public String toString() {
    return scheme + "://" + authority();
  }
}
