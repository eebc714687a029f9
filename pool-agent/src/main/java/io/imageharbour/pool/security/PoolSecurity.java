package io.imageharbour.pool.security;

import io.grpc.Metadata;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.MetadataUtils;
import io.grpc.util.AdvancedTlsX509KeyManager;
import io.grpc.util.AdvancedTlsX509TrustManager;
import io.imageharbour.pool.process.ConfigurationException;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * How an agent and its clients make sure of each other: by TLS with certificates on both sides, or
 * by a token that both know. There is no third way. Immutable; its text has no secret in it.
 */
public final class PoolSecurity {

  /** Where the token lies if nothing else is said. */
  public static final Path DEFAULT_TOKEN_FILE = Path.of("/etc/harbour/pool.token");

  private final Optional<String> token;
  private final Optional<Tls> tls;

  private record Tls(X509ExtendedKeyManager keys, X509ExtendedTrustManager authorities) {}

  private PoolSecurity(Optional<String> token, Optional<Tls> tls) {
    this.token = token;
    this.tls = tls;
  }

  /**
   * By a token that both know.
   *
   * @throws ConfigurationException if the file can't be read, or holds no token
   */
  public static PoolSecurity ofToken(Path file) throws ConfigurationException {
    return new PoolSecurity(Optional.of(TokenFile.read(file)), Optional.empty());
  }

  /** The same, and makes the token if there is no file yet. */
  public static PoolSecurity ofTokenMadeIfMissing(Path file) throws ConfigurationException {
    TokenFile.makeIfMissing(file);
    return ofToken(file);
  }

  /**
   * By TLS.
   *
   * @param certificate own certificate with its chain, PEM
   * @param key its private key, PEM (PKCS #8)
   * @param authorities whom to trust, PEM
   * @throws ConfigurationException if one of the files can't be used
   */
  public static PoolSecurity ofTls(Path certificate, Path key, Path authorities)
      throws ConfigurationException {
    for (Path file : new Path[] {certificate, key, authorities}) {
      if (!Files.isReadable(file)) {
        throw new ConfigurationException("cannot read the TLS file " + file);
      }
    }
    try {
      AdvancedTlsX509KeyManager keys = new AdvancedTlsX509KeyManager();
      keys.updateIdentityCredentials(certificate.toFile(), key.toFile());
      AdvancedTlsX509TrustManager trust = AdvancedTlsX509TrustManager.newBuilder().build();
      trust.updateTrustCredentials(authorities.toFile());
      return new PoolSecurity(Optional.empty(), Optional.of(new Tls(keys, trust)));
    } catch (IOException | GeneralSecurityException e) {
      throw new ConfigurationException(
          "cannot use the TLS files %s, %s and %s: %s"
              .formatted(certificate, key, authorities, e.getMessage()),
          e);
    }
  }

  /** Has an agent's gRPC server demand it. */
  public void secure(NettyServerBuilder server) throws IOException {
    if (tls.isPresent()) {
      server.sslContext(
          GrpcSslContexts.configure(SslContextBuilder.forServer(tls.get().keys()), SslProvider.JDK)
              .trustManager(tls.get().authorities())
              .clientAuth(ClientAuth.REQUIRE)
              .build());
    }
    token.ifPresent(known -> server.intercept(new TokenCheck(known)));
  }

  /** Has a client's gRPC channel show it. */
  public void secure(NettyChannelBuilder channel) throws IOException {
    if (tls.isPresent()) {
      channel.sslContext(
          GrpcSslContexts.configure(SslContextBuilder.forClient(), SslProvider.JDK)
              .keyManager(tls.get().keys())
              .trustManager(tls.get().authorities())
              .build());
    } else {
      channel.usePlaintext();
    }
    if (token.isPresent()) {
      Metadata metadata = new Metadata();
      metadata.put(TokenCheck.AUTHORIZATION, TokenCheck.BEARER + token.get());
      channel.intercept(MetadataUtils.newAttachHeadersInterceptor(metadata));
    }
  }

  /** For connections other than gRPC's: what to set TLS up with, if it is TLS. */
  public Optional<SSLContext> context() {
    return tls.map(PoolSecurity::context);
  }

  private static SSLContext context(Tls tls) {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(new KeyManager[] {tls.keys()}, new TrustManager[] {tls.authorities()}, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new AssertionError("every Java platform has TLS", e);
    }
  }

  @Override
  public String toString() {
    return tls.isPresent() ? "TLS" : "token";
  }
}
