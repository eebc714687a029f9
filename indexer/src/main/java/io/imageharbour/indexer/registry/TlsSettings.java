package io.imageharbour.indexer.registry;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Optional;

/**
 * How to know a host by its certificate, and how to be known. Equal settings share connections; a
 * certificate that was renewed on disk makes them differ.
 *
 * @param authorities PEM files with certificates to trust besides the system's
 * @param identities certificates to present to the host
 * @param skipVerify whether any certificate will do
 */
record TlsSettings(
    List<CertificateFile> authorities, List<ClientIdentity> identities, boolean skipVerify) {

  static final TlsSettings SYSTEM = new TlsSettings(List.of(), List.of(), false);

  TlsSettings {
    authorities = List.copyOf(authorities);
    identities = List.copyOf(identities);
  }

  /** Whether somebody took the trouble to name certificates, so TLS is meant. */
  boolean namesCertificates() {
    return !authorities.isEmpty() || !identities.isEmpty();
  }

  /** What is used for hosts that a redirect leads to: the same trust, but no identity. */
  TlsSettings withoutIdentities() {
    return identities.isEmpty() ? this : new TlsSettings(authorities, List.of(), skipVerify);
  }

  /**
   * A PEM file as it was when the settings were made.
   *
   * @param modified in milliseconds since 1970
   */
  record CertificateFile(Path path, long modified, long size) {

    static CertificateFile at(Path path) throws RegistryConfigurationException {
      try {
        BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
        return new CertificateFile(
            path, attributes.lastModifiedTime().toMillis(), attributes.size());
      } catch (IOException e) {
        throw new RegistryConfigurationException(
            "can't read the certificate file " + path + ": " + e + ". Is the path right?");
      }
    }
  }

  /**
   * A certificate with its chain, and its private key.
   *
   * @param key in a file of its own, or else in the file of the certificate
   */
  record ClientIdentity(CertificateFile certificate, Optional<CertificateFile> key) {}
}
