package io.imageharbour.testbed;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What harbourd and harbourctl are told about registries.
 *
 * @param plainHttp registries ({@code host:port}) that are spoken to without TLS
 * @param certsDirectory with directories of {@code hosts.toml} files; where empty, the machine's
 * @param dockerConfig directory of Docker's {@code config.json}; where empty, the user's
 * @param attached the table {@code index} of harbourd's configuration, as far as it says from which
 *     registries indexes beside images are taken
 */
public record RegistryAccess(
    List<String> plainHttp,
    Optional<Path> certsDirectory,
    Optional<Path> dockerConfig,
    String attached) {

  /** Indexes beside images are taken from everywhere. */
  public static final String ATTACHED_ANYWHERE = "[index]\nattached-from = [\"*\"]\n";

  public RegistryAccess {
    plainHttp = List.copyOf(plainHttp);
  }

  /** Nothing but which registries have no TLS; all are trusted. */
  public static RegistryAccess plainHttp(List<String> registries) {
    return new RegistryAccess(registries, Optional.empty(), Optional.empty(), ATTACHED_ANYWHERE);
  }

  /** As harbourd's configuration has it; more lines of the table {@code index} may follow. */
  String toml() {
    return """
        [registry]
        plain-http = [%s]
        """
            .formatted(
                plainHttp.stream().map("\"%s\""::formatted).collect(Collectors.joining(", ")))
        + certsDirectory.map("certs-directories = [\"%s\"]\n"::formatted).orElse("")
        + dockerConfig.map("docker-config = \"%s\"\n"::formatted).orElse("")
        + attached;
  }
}
