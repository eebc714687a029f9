package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.registry.TlsSettings.CertificateFile;
import io.imageharbour.indexer.registry.TlsSettings.ClientIdentity;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Makes the TLS context for {@link TlsSettings}: trusted are Java's own authorities, those of the
 * operating system (where {@code update-ca-certificates} puts a company's), and those of {@code
 * hosts.toml}.
 */
final class TlsContext {

  /** Where distributions keep the authorities that their tools trust; the first that exists. */
  private static final List<Path> SYSTEM_BUNDLES =
      List.of(
          Path.of("/etc/ssl/certs/ca-certificates.crt"),
          Path.of("/etc/pki/tls/certs/ca-bundle.crt"),
          Path.of("/etc/ssl/ca-bundle.pem"),
          Path.of("/etc/ssl/cert.pem"));

  private TlsContext() {}

  static SSLContext of(TlsSettings settings) throws IOException {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(
          identities(settings.identities()),
          settings.skipVerify()
              ? new TrustManager[] {new TrustEverything()}
              : authorities(settings.authorities()),
          null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new RegistryConfigurationException("can't set up TLS: " + e.getMessage());
    }
  }

  private static TrustManager[] authorities(List<CertificateFile> files)
      throws GeneralSecurityException, IOException {
    KeyStore trusted = emptyStore();
    int number = 0;
    for (X509Certificate certificate : javaAuthorities()) {
      trusted.setCertificateEntry("java-" + number++, certificate);
    }
    for (Path bundle : SYSTEM_BUNDLES) {
      if (Files.isReadable(bundle)) {
        for (X509Certificate certificate : PemFile.read(bundle).certificates()) {
          trusted.setCertificateEntry("system-" + number++, certificate);
        }
        break;
      }
    }
    for (CertificateFile file : files) {
      List<X509Certificate> certificates = PemFile.read(file.path()).certificates();
      if (certificates.isEmpty()) {
        throw new RegistryConfigurationException(
            file.path() + " holds no certificate. Expected PEM (BEGIN CERTIFICATE)");
      }
      for (X509Certificate certificate : certificates) {
        trusted.setCertificateEntry("configured-" + number++, certificate);
      }
    }
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(trusted);
    return factory.getTrustManagers();
  }

  private static List<X509Certificate> javaAuthorities() throws GeneralSecurityException {
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init((KeyStore) null);
    for (TrustManager manager : factory.getTrustManagers()) {
      if (manager instanceof X509TrustManager x509) {
        return List.of(x509.getAcceptedIssuers());
      }
    }
    return List.of();
  }

  private static KeyManager @Nullable [] identities(List<ClientIdentity> identities)
      throws GeneralSecurityException, IOException {
    if (identities.isEmpty()) {
      return null;
    }
    KeyStore store = emptyStore();
    char[] password = new char[0];
    int number = 0;
    for (ClientIdentity identity : identities) {
      Path certificateFile = identity.certificate().path();
      Path keyFile = identity.key().map(CertificateFile::path).orElse(certificateFile);
      PemFile certificate = PemFile.read(certificateFile);
      PrivateKey key =
          PemFile.read(keyFile)
              .privateKey()
              .orElseThrow(
                  () ->
                      new RegistryConfigurationException(
                          keyFile + " holds no private key. Expected unencrypted PEM"));
      if (certificate.certificates().isEmpty()) {
        throw new RegistryConfigurationException(
            certificateFile + " holds no certificate. Expected PEM (BEGIN CERTIFICATE)");
      }
      store.setKeyEntry(
          "identity-" + number++,
          key,
          password,
          certificate.certificates().toArray(X509Certificate[]::new));
    }
    KeyManagerFactory factory =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(store, password);
    return factory.getKeyManagers();
  }

  private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    return store;
  }

  /** What {@code skip_verify} asks for. */
  private static final class TrustEverything extends X509ExtendedTrustManager {

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
