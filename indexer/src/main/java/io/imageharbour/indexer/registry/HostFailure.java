package io.imageharbour.indexer.registry;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLPeerUnverifiedException;

/**
 * One host could not do what it was asked. What that means for the call depends on the other hosts,
 * so this never leaves the package; the message says what came back.
 */
final class HostFailure extends IOException {

  private static final long serialVersionUID = 1;

  /** What can be done about a failure. */
  enum Kind {
    /** The host does not have it; another one may. */
    NOT_FOUND,
    /** The host wants other credentials. */
    UNAUTHORIZED,
    /** The host will not do it, however often it is asked. */
    REFUSED,
    /** The host sent something else than what was asked for. */
    WRONG_CONTENT,
    /** Asking again later may help. */
    TEMPORARY
  }

  private final Kind kind;
  private final transient Optional<Duration> retryAfter;

  HostFailure(Kind kind, String message) {
    this(kind, message, Optional.empty(), null);
  }

  HostFailure(Kind kind, String message, Optional<Duration> retryAfter) {
    this(kind, message, retryAfter, null);
  }

  private HostFailure(
      Kind kind,
      String message,
      Optional<Duration> retryAfter,
      @org.jspecify.annotations.Nullable Throwable cause) {
    super(message, cause);
    this.kind = kind;
    this.retryAfter = retryAfter;
  }

  /** What a connection that failed means. */
  static HostFailure of(IOException e) {
    return switch (e) {
      case HostFailure failure -> failure;
      case SSLHandshakeException _ ->
          permanent("the TLS handshake failed: " + text(e) + advice(text(e)), e);
      case SSLPeerUnverifiedException _ -> permanent("its certificate is another's: " + text(e), e);
      case UnknownHostException _ ->
          temporary("could not be reached: the host name is not known: " + text(e), e);
      case SocketTimeoutException _ -> temporary("no answer in time: " + text(e), e);
      case ConnectException _, NoRouteToHostException _ ->
          temporary("could not be reached: " + text(e), e);
      case InterruptedIOException _ -> temporary("no answer in time: " + text(e), e);
      default -> ofBroken(e);
    };
  }

  private static HostFailure ofBroken(IOException e) {
    String text = text(e);
    if (text.contains("Unsupported or unrecognized SSL message")) {
      return permanent(
          "it does not speak TLS; if that is meant, use http:// in hosts.toml or --plain-http", e);
    }
    return temporary("the connection broke: " + text, e);
  }

  private static HostFailure permanent(String message, IOException e) {
    return new HostFailure(Kind.REFUSED, message, Optional.empty(), e);
  }

  private static HostFailure temporary(String message, IOException e) {
    return new HostFailure(Kind.TEMPORARY, message, Optional.empty(), e);
  }

  private static String advice(String text) {
    return text.contains("PKIX") || text.contains("trust")
        ? "; name the CA that signed its certificate as \"ca\" in hosts.toml"
        : "";
  }

  private static String text(IOException e) {
    String message = Objects.requireNonNullElse(e.getMessage(), e.getClass().getSimpleName());
    return Printable.line(message, 200);
  }

  Kind kind() {
    return kind;
  }

  /** Whether not even a connection came about: nobody listens there, or nobody has that name. */
  boolean isUnreachable() {
    return switch (getCause()) {
      case ConnectException _, NoRouteToHostException _, UnknownHostException _ -> true;
      case null, default -> false;
    };
  }

  /** How long the host asked to be left alone. */
  Optional<Duration> retryAfter() {
    return retryAfter;
  }

  /** The text of a failure, never null. */
  String reason() {
    return Objects.requireNonNullElse(getMessage(), kind.name());
  }
}
