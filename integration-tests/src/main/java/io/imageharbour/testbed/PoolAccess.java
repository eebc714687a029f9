package io.imageharbour.testbed;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What harbourd is told about the memory pool.
 *
 * @param agents where they are, {@code host:port}
 * @param etcd where else they register themselves, a URL
 * @param tokenFile what they want to be shown
 * @param transports the best first
 */
public record PoolAccess(
    List<String> agents, Optional<String> etcd, Path tokenFile, List<String> transports) {

  public PoolAccess {
    agents = List.copyOf(agents);
    transports = List.copyOf(transports);
  }

  /** As harbourd's configuration has it. */
  String toml() {
    return """
        [pool]
        agents = [%s]
        transports = [%s]
        token-file = "%s"
        """
            .formatted(quoted(agents), quoted(transports), tokenFile)
        + etcd.map("[pool.etcd]\nendpoints = [\"%s\"]\n"::formatted).orElse("");
  }

  private static String quoted(List<String> words) {
    return words.stream().map("\"%s\""::formatted).collect(Collectors.joining(", "));
  }
}
