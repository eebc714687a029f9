package io.imageharbour.pool.security;

import io.imageharbour.pool.process.ConfigTable;
import io.imageharbour.pool.process.ConfigurationException;
import java.nio.file.Path;

/**
 * Reads from a table of a configuration how agents and clients know each other: {@code
 * certificate}, {@code key} and {@code authorities}, three PEM files, for TLS with certificates on
 * both sides; else {@code token-file}, by default {@link PoolSecurity#DEFAULT_TOKEN_FILE}.
 */
public final class SecurityTable {

  private static final Path NONE = Path.of("/");

  private final boolean usesTls;
  private final Path token;
  private final Path certificate;
  private final Path key;
  private final Path authorities;

  /** Reads the keys, but not yet the files that they name. */
  public SecurityTable(ConfigTable table) throws ConfigurationException {
    usesTls = !table.string("certificate", "").isEmpty();
    token = table.path("token-file", PoolSecurity.DEFAULT_TOKEN_FILE);
    certificate = optional(table, "certificate");
    key = optional(table, "key");
    authorities = optional(table, "authorities");
    if (!usesTls && !(key.equals(NONE) && authorities.equals(NONE))) {
      throw table.wrong("certificate", "a path, as key and authorities are");
    }
  }

  /** An agent's: it makes the token if that is not there. */
  public PoolSecurity ofAgent() throws ConfigurationException {
    return usesTls ? tls() : PoolSecurity.ofTokenMadeIfMissing(token);
  }

  /** A client's. */
  public PoolSecurity ofClient() throws ConfigurationException {
    return usesTls ? tls() : PoolSecurity.ofToken(token);
  }

  private PoolSecurity tls() throws ConfigurationException {
    return PoolSecurity.ofTls(certificate, key, authorities);
  }

  private static Path optional(ConfigTable table, String name) throws ConfigurationException {
    return table.string(name, "").isEmpty() ? NONE : table.path(name, NONE);
  }
}
