package io.imageharbour.pool.cluster;

import io.imageharbour.pool.process.ConfigTable;
import io.imageharbour.pool.process.ConfigurationException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads {@link EtcdConfig} from the table {@code etcd} of a configuration: {@code endpoints},
 * {@code prefix}, {@code timeout} in milliseconds, {@code authorities}, {@code certificate} and
 * {@code key} (PEM files), {@code user} and {@code password-file}.
 */
public final class EtcdTable {

  private EtcdTable() {}

  /** What the table says; empty if it names no endpoints. */
  public static Optional<EtcdConfig> read(ConfigTable etcd) throws ConfigurationException {
    List<String> endpoints = etcd.strings("endpoints", List.of());
    String prefix = etcd.string("prefix", EtcdConfig.DEFAULT_PREFIX);
    int millis =
        etcd.integer(
            "timeout", Math.toIntExact(EtcdConfig.DEFAULT_TIMEOUT.toMillis()), 100, 60_000);
    Optional<EtcdConfig.Tls> tls = tls(etcd);
    Optional<EtcdConfig.Credentials> credentials = credentials(etcd);
    etcd.refuseUnknown();
    if (endpoints.isEmpty()) {
      return Optional.empty();
    }
    try {
      List<URI> uris = new ArrayList<>();
      for (String endpoint : endpoints) {
        uris.add(URI.create(endpoint));
      }
      return Optional.of(new EtcdConfig(uris, prefix, Duration.ofMillis(millis), tls, credentials));
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException("the table of etcd: " + e.getMessage(), e);
    }
  }

  private static Optional<EtcdConfig.Tls> tls(ConfigTable etcd) throws ConfigurationException {
    Optional<Path> authorities = path(etcd, "authorities");
    Optional<Path> certificate = path(etcd, "certificate");
    Optional<Path> key = path(etcd, "key");
    if (certificate.isPresent() != key.isPresent()) {
      throw etcd.wrong("key", "a PEM file, together with a certificate");
    }
    Optional<EtcdConfig.Identity> identity =
        certificate.map(file -> new EtcdConfig.Identity(file, key.orElseThrow()));
    return authorities.isEmpty() && identity.isEmpty()
        ? Optional.empty()
        : Optional.of(new EtcdConfig.Tls(authorities, identity));
  }

  private static Optional<EtcdConfig.Credentials> credentials(ConfigTable etcd)
      throws ConfigurationException {
    String user = etcd.string("user", "");
    Optional<Path> file = path(etcd, "password-file");
    if (user.isEmpty() == file.isPresent()) {
      throw etcd.wrong("password-file", "a file, together with a user");
    }
    if (file.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(new EtcdConfig.Credentials(user, Files.readString(file.get()).strip()));
    } catch (IOException e) {
      throw new ConfigurationException("cannot read the password file " + file.get() + ": " + e, e);
    }
  }

  private static Optional<Path> path(ConfigTable etcd, String key) throws ConfigurationException {
    return etcd.string(key, "").isEmpty()
        ? Optional.empty()
        : Optional.of(etcd.path(key, Path.of("/")));
  }
}
