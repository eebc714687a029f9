package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.registry.HostFailure.Kind;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Knows how to make one host accept a request. Sends nothing that the host did not ask for: the
 * first challenge decides between Basic and Bearer. Tokens are kept by scope and renewed before
 * they expire, by one thread each. Safe for use by many threads.
 */
final class Authorizer {

  private static final int MAX_TOKENS = 512;

  private final HttpTransport transport;
  private final DockerConfig config;
  private final RegistryHost host;

  private volatile @Nullable Scheme scheme;
  private final Map<Scopes, TokenSlot> tokens = new ConcurrentHashMap<>();
  private final ReentrantLock challengeLock = new ReentrantLock();

  Authorizer(HttpTransport transport, DockerConfig config, RegistryHost host) {
    this.transport = transport;
    this.config = config;
    this.host = host;
  }

  /** What the host wants to see. */
  private sealed interface Scheme {
    record Basic(Credentials.Password password) implements Scheme {}

    /** A token that the user was given, and that can't be renewed here. */
    record Fixed(Credentials.RegistryToken token) implements Scheme {}

    record Bearer(TokenServer server) implements Scheme {}
  }

  /** The tokens of one set of scopes. The lock makes one thread fetch what all wait for. */
  private static final class TokenSlot {
    final ReentrantLock lock = new ReentrantLock();
    volatile @Nullable BearerToken token;
    volatile Scopes asked;
    volatile List<String> secrets = List.of();

    TokenSlot(Scopes scopes) {
      this.asked = scopes;
    }
  }

  /** The value of {@code Authorization} to send, as far as is known by now. */
  Optional<String> authorization(Scopes scopes, Deadline deadline)
      throws IOException, InterruptedException {
    return switch (scheme) {
      case null -> Optional.empty();
      case Scheme.Basic basic -> Optional.of(basic.password().basic());
      case Scheme.Fixed fixed -> Optional.of("Bearer " + fixed.token().token());
      case Scheme.Bearer bearer -> Optional.of(bearer(bearer, slot(scopes), "", deadline));
    };
  }

  /**
   * Answers a challenge.
   *
   * @param wwwAuthenticate what the host sent with its 401
   * @param rejected the value that was sent; empty if there was none
   * @return another value to send
   * @throws HostFailure if there is nothing else to try
   */
  String answer(List<String> wwwAuthenticate, Scopes scopes, String rejected, Deadline deadline)
      throws IOException, InterruptedException {
    List<Challenge> challenges = Challenge.parse(wwwAuthenticate);
    Optional<Challenge> bearer = find(challenges, Challenge.BEARER);
    if (bearer.isPresent()) {
      return answerBearer(bearer.get(), scopes, rejected, deadline);
    }
    if (find(challenges, Challenge.BASIC).isPresent()) {
      return answerBasic(rejected);
    }
    throw new HostFailure(
        Kind.UNAUTHORIZED, "answered 401 and offers neither Basic nor Bearer authentication");
  }

  /** What was sent in vain, for a message. */
  String described() {
    return switch (scheme) {
      case null -> "a request without credentials";
      case Scheme.Basic _ ->
          "the user name and password that %s has for it".formatted(config.file());
      case Scheme.Fixed _ -> "the token that %s has for it".formatted(config.file());
      case Scheme.Bearer _ -> "the token that its token server gave";
    };
  }

  /** The texts that messages about this host must not repeat. */
  List<String> secrets(Scopes scopes) {
    return switch (scheme) {
      case null -> List.of();
      case Scheme.Basic basic -> basic.password().secrets();
      case Scheme.Fixed fixed -> fixed.token().secrets();
      case Scheme.Bearer _ -> slot(scopes).secrets;
    };
  }

  private static Optional<Challenge> find(List<Challenge> challenges, String scheme) {
    return challenges.stream().filter(c -> c.scheme().equals(scheme)).findFirst();
  }

  private String answerBasic(String rejected) throws IOException, InterruptedException {
    challengeLock.lockInterruptibly();
    try {
      Credentials credentials = config.credentialsFor(host.name());
      if (!(credentials instanceof Credentials.Password password)) {
        throw new HostFailure(
            Kind.UNAUTHORIZED,
            "wants a user name and a password, and %s has none for it".formatted(config.file()));
      }
      if (password.basic().equals(rejected)) {
        throw new HostFailure(Kind.UNAUTHORIZED, "does not accept " + described());
      }
      scheme = new Scheme.Basic(password);
      return password.basic();
    } finally {
      challengeLock.unlock();
    }
  }

  private String answerBearer(
      Challenge challenge, Scopes scopes, String rejected, Deadline deadline)
      throws IOException, InterruptedException {
    Credentials credentials = config.credentialsFor(host.name());
    if (credentials instanceof Credentials.RegistryToken fixed) {
      String value = "Bearer " + fixed.token();
      if (value.equals(rejected)) {
        throw new HostFailure(Kind.UNAUTHORIZED, "does not accept " + described());
      }
      scheme = new Scheme.Fixed(fixed);
      return value;
    }
    Scheme.Bearer bearer = new Scheme.Bearer(TokenServer.of(transport, host, challenge));
    if (!(scheme instanceof Scheme.Bearer known) || !known.server().isSameAs(bearer.server())) {
      scheme = bearer;
    }
    TokenSlot slot = slot(scopes);
    List<String> wanted =
        challenge
            .parameter("scope")
            .map(scope -> List.of(scope.strip().split(" +")))
            .orElse(List.of());
    slot.asked = slot.asked.and(wanted.stream().filter(s -> !s.isEmpty()).limit(8).toList());
    return bearer(bearer, slot, rejected, deadline);
  }

  private TokenSlot slot(Scopes scopes) {
    if (tokens.size() > MAX_TOKENS) {
      tokens.values().removeIf(slot -> !isFresh(slot));
    }
    if (tokens.size() > MAX_TOKENS) {
      tokens.clear();
    }
    return tokens.computeIfAbsent(scopes, TokenSlot::new);
  }

  private static boolean isFresh(TokenSlot slot) {
    BearerToken token = slot.token;
    return token != null && token.isFresh();
  }

  /** The slot's token, fetched anew when it is old or is the one that was rejected. */
  private String bearer(Scheme.Bearer bearer, TokenSlot slot, String rejected, Deadline deadline)
      throws IOException, InterruptedException {
    Optional<String> current = current(slot, rejected);
    if (current.isPresent()) {
      return current.get();
    }
    if (!slot.lock.tryLock(deadline.remaining().toNanos(), TimeUnit.NANOSECONDS)) {
      throw new HostFailure(Kind.TEMPORARY, "its token server gave no token in time");
    }
    try {
      Optional<String> fetched = current(slot, rejected);
      if (fetched.isPresent()) {
        return fetched.get();
      }
      Credentials credentials = config.credentialsFor(host.name());
      BearerToken token = bearer.server().token(credentials, slot.asked, deadline);
      List<String> secrets = new java.util.ArrayList<>(credentials.secrets());
      secrets.add(token.value());
      slot.secrets = List.copyOf(secrets);
      slot.token = token;
      return "Bearer " + token.value();
    } finally {
      slot.lock.unlock();
    }
  }

  private static Optional<String> current(TokenSlot slot, String rejected) {
    BearerToken token = slot.token;
    if (token == null || !token.isFresh()) {
      return Optional.empty();
    }
    String value = "Bearer " + token.value();
    return value.equals(rejected) ? Optional.empty() : Optional.of(value);
  }
}
