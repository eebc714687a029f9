package io.imageharbour.pool.cluster;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * How to reach etcd, and where in it the pool's keys are.
 *
 * @param endpoints etcd's client URLs, {@code http://host:2379} or {@code https://…}, at least one,
 *     all with the same scheme
 * @param prefix what the pool's keys begin with, {@code /} and then 1 to 200 of {@code A-Z a-z 0-9
 *     / . _ -}, not ending with {@code /}; {@link #DEFAULT_PREFIX} by default
 * @param timeout the longest wait for an answer, 100 ms to 1 minute; {@link #DEFAULT_TIMEOUT} by
 *     default
 * @param tls whom to trust and who to be, only with {@code https}; the system's authorities and
 *     nobody by default
 * @param user whom to authenticate as, where etcd asks for that
 */
public record EtcdConfig(
    List<URI> endpoints,
    String prefix,
    Duration timeout,
    Optional<Tls> tls,
    Optional<Credentials> user) {

  /** The prefix of the pool's keys where the configuration names none. */
  public static final String DEFAULT_PREFIX = "/harbour/pool";

  /** How long to wait for an answer where the configuration doesn't say. */
  public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(5);

  private static final Pattern PREFIX = Pattern.compile("/[A-Za-z0-9/._-]{0,199}[A-Za-z0-9._-]");

  /**
   * Whom to trust and who to be.
   *
   * @param authorities PEM file with the certificates of the authorities that may have signed
   *     etcd's; the system's if empty
   * @param identity the client's own certificate and key, where etcd asks for one
   */
  public record Tls(Optional<Path> authorities, Optional<Identity> identity) {}

  /**
   * A client's certificate.
   *
   * @param certificate PEM file with the certificate, and those between it and the authority
   * @param key PEM file with its private key, PKCS #8, not encrypted
   */
  public record Identity(Path certificate, Path key) {}

  /** A user of etcd; the password is in no message and no text. */
  public record Credentials(String user, String password) {

    @Override
    public String toString() {
      return "Credentials[user=" + user + ", password=***]";
    }
  }

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException if one is left; the message says which
   */
  public EtcdConfig {
    endpoints = List.copyOf(endpoints);
    if (endpoints.isEmpty()) {
      throw new IllegalArgumentException("etcd needs at least one endpoint");
    }
    for (URI endpoint : endpoints) {
      check(endpoint);
      if (!endpoint.getScheme().equals(endpoints.getFirst().getScheme())) {
        throw new IllegalArgumentException(
            "etcd's endpoints are all http or all https, not some of each: " + endpoints);
      }
    }
    if (tls.isPresent() && !endpoints.getFirst().getScheme().equals("https")) {
      throw new IllegalArgumentException(
          "certificates for etcd are of use with https only, its endpoints are " + endpoints);
    }
    if (!PREFIX.matcher(prefix).matches()) {
      throw new IllegalArgumentException(
          "a prefix in etcd looks like " + DEFAULT_PREFIX + ", not like " + prefix);
    }
    if (timeout.compareTo(Duration.ofMillis(100)) < 0
        || timeout.compareTo(Duration.ofMinutes(1)) > 0) {
      throw new IllegalArgumentException(
          "the timeout for etcd is 100 ms to 1 minute, not " + timeout);
    }
  }

  /** A configuration with the defaults. */
  public static EtcdConfig of(URI... endpoints) {
    return new EtcdConfig(
        List.of(endpoints), DEFAULT_PREFIX, DEFAULT_TIMEOUT, Optional.empty(), Optional.empty());
  }

  boolean secure() {
    return endpoints.getFirst().getScheme().equals("https");
  }

  private static void check(URI endpoint) {
    boolean bare =
        endpoint.getRawUserInfo() == null
            && endpoint.getRawQuery() == null
            && (endpoint.getRawPath() == null
                || endpoint.getRawPath().isEmpty()
                || endpoint.getRawPath().equals("/"));
    if (endpoint.getHost() == null
        || !bare
        || !("http".equals(endpoint.getScheme()) || "https".equals(endpoint.getScheme()))) {
      // whole URIs may hold a password
      throw new IllegalArgumentException(
          "an endpoint of etcd is http://host:port or https://host:port, this one is of host "
              + endpoint.getHost());
    }
  }
}
