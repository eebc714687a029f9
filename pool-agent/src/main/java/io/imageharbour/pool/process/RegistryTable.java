package io.imageharbour.pool.process;

import io.imageharbour.indexer.registry.RegistrySettings;
import java.util.HashSet;
import java.util.List;

/**
 * How registries are reached: keys {@code certs-directories}, {@code docker-config} and {@code
 * plain-http} of table {@code registry}, the same for all programs.
 */
public final class RegistryTable {

  private RegistryTable() {}

  /** Reads the table; what it does not say is as containerd and Docker have it. */
  public static RegistrySettings read(ConfigTable registry) throws ConfigurationException {
    RegistrySettings usual = RegistrySettings.defaults();
    return usual
        .withCertsDirectories(registry.paths("certs-directories", usual.certsDirectories()))
        .withDockerConfigDirectory(registry.path("docker-config", usual.dockerConfigDirectory()))
        .withPlainHttpHosts(new HashSet<>(registry.strings("plain-http", List.of())));
  }
}
