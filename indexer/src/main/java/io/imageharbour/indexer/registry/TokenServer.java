package io.imageharbour.indexer.registry;

import com.fasterxml.jackson.databind.JsonNode;
import io.imageharbour.indexer.registry.HostFailure.Kind;
import io.imageharbour.indexer.registry.OutgoingRequest.RequestBody;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The server that a registry's {@code Bearer} challenge names, which gives out tokens.
 *
 * @see <a
 *     href="https://github.com/distribution/distribution/blob/main/docs/content/spec/auth/token.md">
 *     token authentication</a>
 */
final class TokenServer {

  private static final int MAX_ANSWER = 1 << 20;
  private static final Duration DEFAULT_LIFETIME = Duration.ofSeconds(60);
  private static final Duration MAX_LIFETIME = Duration.ofDays(1);
  private static final String CLIENT_ID = "harbour";

  private final HttpTransport transport;
  private final TlsSettings tls;
  private final URI realm;
  private final Optional<String> service;

  private TokenServer(
      HttpTransport transport, TlsSettings tls, URI realm, Optional<String> service) {
    this.transport = transport;
    this.tls = tls;
    this.realm = realm;
    this.service = service;
  }

  /**
   * The server that a challenge names.
   *
   * @param registry the host that sent the challenge
   * @throws HostFailure if it names none, or gives up TLS
   */
  static TokenServer of(HttpTransport transport, RegistryHost registry, Challenge challenge)
      throws HostFailure {
    String realm = challenge.parameter("realm").orElse("");
    try {
      URI uri = Origin.follow(registry.base(), realm);
      if (realm.isEmpty()) {
        throw new IllegalArgumentException("is missing");
      }
      TlsSettings tls =
          Origin.of(uri).equals(registry.origin())
              ? registry.tls()
              : registry.tls().withoutIdentities();
      return new TokenServer(transport, tls, uri, challenge.parameter("service"));
    } catch (IllegalArgumentException e) {
      throw new HostFailure(
          Kind.REFUSED,
          "asks for a token from a server that can't be used: realm "
              + Printable.quote(realm.replaceFirst("//[^/]*@", "//…@"))
              + " "
              + e.getMessage());
    }
  }

  boolean isSameAs(TokenServer other) {
    return realm.equals(other.realm) && service.equals(other.service);
  }

  /** Asks for a token. */
  BearerToken token(Credentials credentials, Scopes scopes, Deadline deadline) throws IOException {
    long requested = System.nanoTime();
    OutgoingRequest request =
        switch (credentials) {
          case Credentials.IdentityToken identity -> exchange(identity, scopes);
          case Credentials.Password password ->
              get(scopes, Optional.of(new HeaderField("Authorization", password.basic())));
          case Credentials.Anonymous _, Credentials.RegistryToken _ ->
              get(scopes, Optional.empty());
        };
    try (Answer answer = transport.send(tls, request, deadline)) {
      if (answer.status() != 200) {
        throw refused(answer, credentials, deadline);
      }
      byte[] bytes = answer.readUpTo(MAX_ANSWER, deadline);
      if (bytes.length > MAX_ANSWER) {
        throw unusable("more than %d bytes".formatted(MAX_ANSWER));
      }
      return parse(bytes, requested);
    }
  }

  private OutgoingRequest get(Scopes scopes, Optional<HeaderField> authorization) {
    List<String> query = new ArrayList<>();
    service.ifPresent(name -> query.add("service=" + encoded(name)));
    scopes.values().forEach(scope -> query.add("scope=" + encoded(scope)));
    String joined = String.join("&", query);
    String base = realm.toString();
    URI uri =
        joined.isEmpty()
            ? realm
            : URI.create(base + (realm.getRawQuery() == null ? "?" : "&") + joined);
    return new OutgoingRequest("GET", uri, authorization.stream().toList(), Optional.empty());
  }

  /** The OAuth 2.0 form, which is the only one that takes identity tokens. */
  private OutgoingRequest exchange(Credentials.IdentityToken identity, Scopes scopes) {
    String form =
        "grant_type=refresh_token&service="
            + encoded(service.orElse(""))
            + "&client_id="
            + CLIENT_ID
            + "&scope="
            + encoded(String.join(" ", scopes.values()))
            + "&refresh_token="
            + encoded(identity.token());
    byte[] bytes = form.getBytes(StandardCharsets.US_ASCII);
    return new OutgoingRequest(
        "POST",
        realm,
        List.of(),
        Optional.of(new RequestBody(bytes, 0, bytes.length, "application/x-www-form-urlencoded")));
  }

  private HostFailure refused(Answer answer, Credentials credentials, Deadline deadline)
      throws IOException {
    HostFailure failure = ErrorAnswer.read(answer, credentials.secrets(), deadline);
    String reason = "its token server " + Origin.of(realm) + " " + failure.reason();
    Kind kind =
        switch (answer.status()) {
          case 400, 401, 403 -> Kind.UNAUTHORIZED;
          default -> failure.kind() == Kind.TEMPORARY ? Kind.TEMPORARY : Kind.REFUSED;
        };
    return new HostFailure(kind, reason, failure.retryAfter());
  }

  private BearerToken parse(byte[] bytes, long requested) throws HostFailure {
    JsonNode root = Json.parse(bytes).orElseThrow(() -> unusable("something that is no JSON"));
    String token = Json.text(root, "token");
    if (token.isEmpty()) {
      token = Json.text(root, "access_token");
    }
    if (token.isEmpty() || token.chars().anyMatch(c -> c <= ' ' || c >= 0x7f)) {
      throw unusable("no token");
    }
    long seconds = root.path("expires_in").asLong(0);
    Duration lifetime =
        seconds <= 0
            ? DEFAULT_LIFETIME
            : Duration.ofSeconds(Math.min(seconds, MAX_LIFETIME.toSeconds()));
    return new BearerToken(token, lifetime, requested);
  }

  private HostFailure unusable(String what) {
    return new HostFailure(
        Kind.REFUSED, "its token server " + Origin.of(realm) + " answered with " + what);
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
