package io.imageharbour.testbed;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What harbourd is told about the memory pool.
 *
 * @param agents where they are, {@code host:port}
 * @param tokenFile what they want to be shown
 * @param transports the best first
 */
public record PoolAccess(List<String> agents, Path tokenFile, List<String> transports) {

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
        .formatted(quoted(agents), quoted(transports), tokenFile);
  }

  private static String quoted(List<String> words) {
    return words.stream().map("\"%s\""::formatted).collect(Collectors.joining(", "));
  }
}
