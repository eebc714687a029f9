package io.imageharbour.snapshotter;

import io.imageharbour.indexer.registry.RegistrySettings;
import io.imageharbour.pool.process.ConfigTable;
import io.imageharbour.pool.process.ConfigurationException;
import io.imageharbour.pool.process.RegistryTable;
import io.imageharbour.snapshotter.probe.TreeChoice;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Reads {@link HarbourdConfig} from TOML. A key that it does not know is an error, not ignored. */
final class ConfigFile {

  private static final String PROGRAM = "harbourd";

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
    return of(ConfigTable.read(PROGRAM, file));
  }

  static HarbourdConfig parse(String source, String toml) throws ConfigurationException {
    return of(ConfigTable.parse(PROGRAM, source, toml));
  }

  private static HarbourdConfig of(ConfigTable file) throws ConfigurationException {
    ConfigTable containerd = file.table("containerd");
    ConfigTable registry = file.table("registry");
    ConfigTable fetch = file.table("fetch");
    ConfigTable index = file.table("index");
    ConfigTable pool = file.table("pool");
    RegistrySettings registries = RegistryTable.read(registry);
    HarbourdConfig config =
        new HarbourdConfig(
            file.path("root", Path.of("/var/lib/harbour")),
            file.path("address", Path.of("/run/harbour/harbourd.sock")),
            file.endpoint("metrics-address"),
            file.logLevel(),
            containerdAddress(containerd),
            registries.certsDirectories(),
            registries.dockerConfigDirectory(),
            registries.plainHttpHosts(),
            Duration.ofSeconds(fetch.integer("timeout", 120, 1, 3600)),
            fetch.integer("parallel", 32, 1, 1024),
            tree(index),
            index.strings("attached-from", List.of()),
            PoolTable.read(pool, PoolOverrides.NONE));
    for (ConfigTable table : List.of(file, containerd, registry, fetch, index, pool)) {
      table.refuseUnknown();
    }
    return config;
  }

  private static TreeChoice tree(ConfigTable index) throws ConfigurationException {
    String key = "tree";
    return switch (index.string(key, "auto")) {
      case "auto" -> TreeChoice.AUTO;
      case "erofs" -> TreeChoice.EROFS;
      case "fuse" -> TreeChoice.FUSE;
      default -> throw index.wrong(key, "\"auto\", \"erofs\" or \"fuse\"");
    };
  }

  private static Optional<Path> containerdAddress(ConfigTable containerd)
      throws ConfigurationException {
    String key = "address";
    return containerd.string(key, "unset").isEmpty()
        ? Optional.empty()
        : Optional.of(containerd.path(key, Path.of("/run/containerd/containerd.sock")));
  }
}
