package io.imageharbour.cli;

import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.indexer.registry.RegistryConfigurationException;
import io.imageharbour.indexer.registry.RegistrySettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** How the commands that speak to a registry are told how to. */
final class RegistryOptions {

  /** Long enough for a lost packet; a wrong name is said before people wonder. */
  private static final Duration FIRST_CONTACT = Duration.ofSeconds(2);

  @Option(
      names = "--plain-http",
      description =
          "Speak to registries without TLS (those on loopback addresses need no telling).")
  private boolean plainHttp;

  @Option(
      names = "--certs-dir",
      paramLabel = "DIR",
      description =
          "Directory of HOST/hosts.toml files with mirrors and certificates, as containerd has it"
              + " (default: /etc/containerd/certs.d, then /etc/docker/certs.d).")
  private Optional<Path> certsDirectory = Optional.empty();

  @Option(
      names = "--docker-config",
      paramLabel = "DIR",
      description =
          "Directory of Docker's config.json with credentials (default: $DOCKER_CONFIG, then"
              + " ~/.docker).")
  private Optional<Path> dockerConfig = Optional.empty();

  boolean isPlainHttp() {
    return plainHttp;
  }

  /**
   * A client with these options; the caller closes it.
   *
   * @param patience how long one operation is tried with a registry that has answered before
   */
  RegistryClient open(Duration patience) throws RegistryConfigurationException {
    RegistrySettings defaults = RegistrySettings.defaults();
    RegistrySettings settings =
        defaults
            .withPlainHttp(plainHttp)
            .withTimeouts(patience, Collections.min(List.of(patience, defaults.stallTimeout())))
            .withFirstContact(FIRST_CONTACT);
    if (certsDirectory.isPresent()) {
      settings = settings.withCertsDirectories(List.of(certsDirectory.get()));
    }
    if (dockerConfig.isPresent()) {
      settings = settings.withDockerConfigDirectory(dockerConfig.get());
    }
    return new RegistryClient(settings);
  }
}
