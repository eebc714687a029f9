package io.imageharbour.snapshotter;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import io.imageharbour.indexer.registry.RegistrySettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads {@link HarbourdConfig} from TOML. A key that it does not know is an error, not ignored. */
final class ConfigFile {

  private static final long MAX_BYTES = 1 << 20;
  private static final Set<String> LOG_LEVELS = Set.of("error", "warn", "info", "debug");

  private ConfigFile() {}

  /** What holds when there is no file. */
  static HarbourdConfig defaults() throws ConfigurationException {
    return parse("the defaults", "");
  }

  /**
   * Reads a file.
   *
   * @throws ConfigurationException if it can't be read or says what it must not; one line that
   *     names file, key and what to do
   */
  static HarbourdConfig read(Path file) throws ConfigurationException {
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw new ConfigurationException(file + " has more than " + MAX_BYTES + " bytes");
      }
      return parse(file.toString(), Files.readString(file));
    } catch (ConfigurationException e) {
      throw e;
    } catch (IOException e) {
      throw new ConfigurationException(
          "cannot read the configuration " + file + ": " + e + "; name another with --config", e);
    }
  }

  static HarbourdConfig parse(String source, String toml) throws ConfigurationException {
    JsonNode tree;
    try {
      tree = new TomlMapper().readTree(toml);
    } catch (JsonProcessingException e) {
      throw new ConfigurationException(
          "%s is no TOML: line %d: %s"
              .formatted(
                  source,
                  e.getLocation() == null ? 0 : e.getLocation().getLineNr(),
                  e.getOriginalMessage()),
          e);
    }
    ObjectNode top =
        tree instanceof ObjectNode object ? object : new TomlMapper().createObjectNode();
    ConfigTable file = new ConfigTable(source, "", top);
    ConfigTable containerd = file.table("containerd");
    ConfigTable registry = file.table("registry");
    ConfigTable fetch = file.table("fetch");
    RegistrySettings usual = RegistrySettings.defaults();
    HarbourdConfig config =
        new HarbourdConfig(
            file.path("root", Path.of("/var/lib/harbour")),
            file.path("address", Path.of("/run/harbour/harbourd.sock")),
            metricsAddress(file),
            logLevel(file),
            containerdAddress(containerd),
            registry.paths("certs-directories", usual.certsDirectories()),
            registry.path("docker-config", usual.dockerConfigDirectory()),
            new HashSet<>(registry.strings("plain-http", List.of())),
            Duration.ofSeconds(fetch.integer("timeout", 120, 1, 3600)),
            fetch.integer("parallel", 32, 1, 1024));
    for (ConfigTable table : List.of(file, containerd, registry, fetch)) {
      table.refuseUnknown();
    }
    return config;
  }

  private static Optional<String> metricsAddress(ConfigTable file) throws ConfigurationException {
    String key = "metrics-address";
    String address = file.string(key, "");
    if (address.isEmpty()) {
      return Optional.empty();
    }
    if (!address.matches("(\\[[0-9a-fA-F:]+]|[^:\\s]+):[0-9]{1,5}")) {
      throw file.wrong(key, "host:port such as \"127.0.0.1:9393\"");
    }
    return Optional.of(address);
  }

  private static String logLevel(ConfigTable file) throws ConfigurationException {
    String key = "log-level";
    String level = file.string(key, "info");
    if (!LOG_LEVELS.contains(level)) {
      throw file.wrong(key, "\"error\", \"warn\", \"info\" or \"debug\"");
    }
    return level;
  }

  private static Optional<Path> containerdAddress(ConfigTable containerd)
      throws ConfigurationException {
    String key = "address";
    return containerd.string(key, "unset").isEmpty()
        ? Optional.empty()
        : Optional.of(containerd.path(key, Path.of("/run/containerd/containerd.sock")));
  }
}
