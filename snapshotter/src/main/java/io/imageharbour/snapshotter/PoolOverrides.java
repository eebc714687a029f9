package io.imageharbour.snapshotter;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a command line says of the pool, instead of the table {@code pool} of harbourd's
 * configuration.
 *
 * @param agents each {@code host:port}; empty leaves those of the configuration
 * @param tokenFile holds the pool's token
 * @param tls instead of a token
 */
public record PoolOverrides(List<String> agents, Optional<Path> tokenFile, Optional<TlsFiles> tls) {

  /** It says nothing. */
  public static final PoolOverrides NONE =
      new PoolOverrides(List.of(), Optional.empty(), Optional.empty());

  /**
   * PEM files.
   *
   * @param certificate own certificate with its chain
   * @param key its private key
   * @param authorities whom to trust
   */
  public record TlsFiles(Path certificate, Path key, Path authorities) {}

  public PoolOverrides {
    agents = List.copyOf(agents);
  }
}
