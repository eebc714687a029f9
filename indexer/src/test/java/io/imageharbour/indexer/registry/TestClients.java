package io.imageharbour.indexer.registry;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;

/** Clients that know nothing of this machine's configuration, and bytes to move. */
final class TestClients {

  private TestClients() {}

  /** Settings whose configuration is in {@code directory}: {@code certs.d} and {@code docker}. */
  static RegistrySettings settings(Path directory) {
    return RegistrySettings.defaults()
        .withCertsDirectories(List.of(directory.resolve("certs.d")))
        .withDockerConfigDirectory(directory.resolve("docker"))
        .withTimeouts(Duration.ofSeconds(10), Duration.ofSeconds(5));
  }

  static byte[] randomBytes(int size, long seed) {
    byte[] bytes = new byte[size];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }
}
