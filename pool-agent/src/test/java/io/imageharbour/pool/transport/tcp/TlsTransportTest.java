package io.imageharbour.pool.transport.tcp;

import io.imageharbour.pool.security.PoolSecurity;
import io.imageharbour.pool.security.TestCertificates;
import java.nio.file.Path;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** All of it with TLS on both sides. */
class TlsTransportTest extends TcpTransportTest {

  @SuppressWarnings("NullAway.Init") // made before all tests
  private static PoolSecurity security;

  @BeforeAll
  static void makeCertificates(@TempDir Path directory) throws Exception {
    security = TestCertificates.make(directory, "own");
  }

  @Override
  protected Optional<SSLContext> tls() {
    return security.context();
  }
}
