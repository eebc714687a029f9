package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.registry.HostFailure.Kind;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One host of a registry, and what was learned about it: sends requests with the credentials that
 * it asks for, and follows its redirects. Safe for use by many threads.
 */
final class HostConnection {

  private static final int MAX_REDIRECTS = 5;

  /** How long a host that failed is asked last. */
  private static final Duration COOLING = Duration.ofSeconds(15);

  /** How long a host that ignored a range is not asked for another one. */
  private static final Duration RANGES_RETRIED = Duration.ofMinutes(10);

  private final HttpTransport transport;
  private final RegistryHost host;
  private final Authorizer authorizer;
  private final String query;

  private volatile boolean answered;
  private volatile Deadline cooledAt = new Deadline(System.nanoTime());
  private volatile Deadline ignoresRangesUntil = new Deadline(System.nanoTime());

  /**
   * @param registry the registry that the host is asked for, which mirrors of several want to know
   */
  HostConnection(HttpTransport transport, DockerConfig config, RegistryHost host, String registry) {
    this.transport = transport;
    this.host = host;
    this.authorizer = new Authorizer(transport, config, host);
    this.query = host.mirror() ? "ns=" + URLEncoder.encode(registry, StandardCharsets.UTF_8) : "";
  }

  RegistryHost host() {
    return host;
  }

  String name() {
    return host.name();
  }

  /** The address of a path of the API, such as {@code /library/nginx/manifests/latest}. */
  URI uri(String path) {
    return uri(path, "");
  }

  /** The same with a query. */
  URI uri(String path, String parameters) {
    String joined =
        query.isEmpty() || parameters.isEmpty() ? query + parameters : parameters + "&" + query;
    return URI.create(host.base() + path + (joined.isEmpty() ? "" : "?" + joined));
  }

  /** Whether it has ever answered anything. */
  boolean hasAnswered() {
    return answered;
  }

  /** Whether it failed a moment ago. */
  boolean isCooling() {
    return !cooledAt.passed();
  }

  /** Notes that it failed; true if that is news. */
  boolean cool() {
    boolean news = !isCooling();
    cooledAt = Deadline.in(COOLING);
    return news;
  }

  /** Whether it answers requests for a range with the whole. */
  boolean ignoresRanges() {
    return !ignoresRangesUntil.passed();
  }

  void learnThatRangesAreIgnored() {
    ignoresRangesUntil = Deadline.in(RANGES_RETRIED);
  }

  /**
   * Sends a request and returns its answer, whatever its status. Credentials and the host's own
   * headers go to the host itself and to nobody else.
   *
   * @throws HostFailure if it wants credentials that the user has not, or redirects to where nobody
   *     should follow
   */
  Answer send(RegistryRequest request, Deadline deadline) throws IOException, InterruptedException {
    URI uri = request.uri();
    for (int redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      boolean home = Origin.of(uri).equals(host.origin());
      Answer answer =
          home
              ? sendHome(request, uri, deadline)
              : transport.send(
                  host.tls().withoutIdentities(), outgoing(request, uri, List.of()), deadline);
      Optional<URI> target = redirect(request, uri, answer);
      if (target.isEmpty()) {
        return answer;
      }
      uri = target.get();
    }
    throw new HostFailure(
        Kind.REFUSED, "answered with more than %d redirects".formatted(MAX_REDIRECTS));
  }

  /** Where an answer says to go; it is closed if it does, and if this fails. */
  private static Optional<URI> redirect(RegistryRequest request, URI from, Answer answer)
      throws HostFailure {
    try {
      Optional<String> location = answer.header("Location");
      if (!isRedirect(answer.status()) || location.isEmpty() || !request.isRead()) {
        return Optional.empty();
      }
      Optional<URI> target = Optional.of(target(from, location.get()));
      answer.close();
      return target;
    } catch (Throwable e) {
      answer.close();
      throw e;
    }
  }

  private Answer sendHome(RegistryRequest request, URI uri, Deadline deadline)
      throws IOException, InterruptedException {
    String authorization = authorizer.authorization(request.scopes(), deadline).orElse("");
    Answer answer = transport.send(host.tls(), home(request, uri, authorization), deadline);
    answered = true;
    if (answer.status() != 401) {
      return answer;
    }
    List<String> challenges;
    try (answer) {
      challenges = answer.headers("WWW-Authenticate");
      // Its few bytes are read so that the connection can be used again.
      ErrorAnswer.read(answer, List.of(), deadline);
    }
    String other = authorizer.answer(challenges, request.scopes(), authorization, deadline);
    Answer second = transport.send(host.tls(), home(request, uri, other), deadline);
    if (second.status() == 401) {
      HostFailure failure = failure(second, request, deadline);
      throw new HostFailure(
          Kind.UNAUTHORIZED, failure.reason() + " and does not accept " + authorizer.described());
    }
    return second;
  }

  private OutgoingRequest home(RegistryRequest request, URI uri, String authorization) {
    List<HeaderField> headers = new ArrayList<>(host.headers());
    if (!authorization.isEmpty()) {
      headers.removeIf(header -> header.name().equalsIgnoreCase("Authorization"));
      headers.add(new HeaderField("Authorization", authorization));
    }
    return outgoing(request, uri, headers);
  }

  private static OutgoingRequest outgoing(
      RegistryRequest request, URI uri, List<HeaderField> headers) {
    List<HeaderField> all = new ArrayList<>(headers);
    all.addAll(request.headers());
    return new OutgoingRequest(request.method(), uri, all, request.body());
  }

  /** What an answer that is no success means. Closes the answer. */
  HostFailure failure(Answer answer, RegistryRequest request, Deadline deadline)
      throws IOException {
    try (answer) {
      List<String> secrets = new ArrayList<>(authorizer.secrets(request.scopes()));
      host.headers().forEach(header -> secrets.add(header.value()));
      HostFailure failure = ErrorAnswer.read(answer, secrets, deadline);
      return !host.origin().isEncrypted() && failure.reason().contains("HTTPS server")
          ? new HostFailure(
              Kind.REFUSED, failure.reason() + "; name it with https:// in hosts.toml")
          : failure;
    }
  }

  private static boolean isRedirect(int status) {
    return switch (status) {
      case 301, 302, 303, 307, 308 -> true;
      default -> false;
    };
  }

  private static URI target(URI from, String location) throws HostFailure {
    try {
      return Origin.follow(from, location);
    } catch (IllegalArgumentException e) {
      throw new HostFailure(
          Kind.REFUSED, "answered with a redirect that can't be followed: it " + e.getMessage());
    }
  }
}
