package io.imageharbour.indexer.registry;

import java.io.IOException;
import java.net.Socket;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLSocket;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.client5.http.ssl.HttpsSupport;
import org.apache.hc.client5.http.ssl.NoopHostnameVerifier;
import org.apache.hc.client5.http.ssl.TlsSocketStrategy;
import org.apache.hc.core5.http.protocol.HttpContext;
import org.jspecify.annotations.Nullable;

/**
 * TLS that is set up when the first connection needs it: reading all authorities takes longer than
 * all of a short pull without TLS.
 */
final class LazyTls implements TlsSocketStrategy {

  private final TlsSettings settings;
  private final ReentrantLock lock = new ReentrantLock();
  private volatile @Nullable TlsSocketStrategy strategy;

  LazyTls(TlsSettings settings) {
    this.settings = settings;
  }

  @Override
  public SSLSocket upgrade(
      Socket socket,
      String target,
      int port,
      @Nullable Object attachment,
      @Nullable HttpContext context)
      throws IOException {
    return strategy().upgrade(socket, target, port, attachment, context);
  }

  private TlsSocketStrategy strategy() throws IOException {
    TlsSocketStrategy known = strategy;
    if (known != null) {
      return known;
    }
    lock.lock();
    try {
      TlsSocketStrategy other = strategy;
      if (other != null) {
        return other;
      }
      TlsSocketStrategy made =
          new DefaultClientTlsStrategy(
              TlsContext.of(settings),
              settings.skipVerify()
                  ? NoopHostnameVerifier.INSTANCE
                  : HttpsSupport.getDefaultHostnameVerifier());
      strategy = made;
      return made;
    } finally {
      lock.unlock();
    }
  }
}
