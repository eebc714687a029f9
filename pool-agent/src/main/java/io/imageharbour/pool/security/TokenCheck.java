package io.imageharbour.pool.security;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/** Refuses calls that don't show the token. */
final class TokenCheck implements ServerInterceptor {

  static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  static final String BEARER = "Bearer ";

  private final byte[] expected;

  TokenCheck(String token) {
    expected = (BEARER + token).getBytes(UTF_8);
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    @Nullable String shown = headers.get(AUTHORIZATION);
    if (shown == null || !MessageDigest.isEqual(expected, shown.getBytes(UTF_8))) {
      call.close(
          Status.UNAUTHENTICATED.withDescription(
              "this is not the pool's token; compare the token files of both hosts"),
          new Metadata());
      return new ServerCall.Listener<>() {};
    }
    return next.startCall(call, headers);
  }
}
