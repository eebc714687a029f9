package io.imageharbour.indexer.registry;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The way to every registry: one per process, safe for use by many threads. It keeps connections,
 * tokens and what it learned of registries. Changes of {@code hosts.toml} and of Docker's
 * credentials count without a restart.
 */
public final class RegistryClient implements AutoCloseable {

  private static final Duration HELPER_TIMEOUT = Duration.ofSeconds(15);

  /** How old the reading of a hosts.toml may be. */
  private static final Duration CONFIGURATION_AGE = Duration.ofSeconds(30);

  private final RegistrySettings settings;
  private final HttpTransport transport;
  private final DockerConfig config;
  private final HostDirectories directories;
  private final BlobRoutes routes = new BlobRoutes();
  private final SpooledBlobs spools = new SpooledBlobs(this);
  private final Map<String, Known> registries = new ConcurrentHashMap<>();

  /** A registry, and when its configuration is to be read again. */
  private record Known(Registry registry, Deadline goodUntil) {}

  /**
   * A client with these settings, and with the proxies that the environment names.
   *
   * @throws RegistryConfigurationException if a proxy in the environment can't be used
   */
  public RegistryClient(RegistrySettings settings) throws RegistryConfigurationException {
    this(settings, System.getenv());
  }

  RegistryClient(RegistrySettings settings, Map<String, String> environment)
      throws RegistryConfigurationException {
    this.settings = settings;
    this.transport =
        new HttpTransport(settings.stallTimeout(), new EnvironmentProxies(environment));
    this.config =
        new DockerConfig(
            settings.dockerConfigDirectory(),
            new CredentialHelper(environment.getOrDefault("PATH", ""), HELPER_TIMEOUT));
    this.directories = new HostDirectories(settings);
  }

  /** A repository; nothing is asked of its registry yet. */
  public Repository repository(RepositoryName name) {
    return new Repository(this, name);
  }

  RegistrySettings settings() {
    return settings;
  }

  BlobRoutes routes() {
    return routes;
  }

  SpooledBlobs spools() {
    return spools;
  }

  /** The hosts of a registry, by what is configured now. */
  Registry registry(String name) throws RegistryConfigurationException {
    Known known = registries.get(name);
    if (known != null && !known.goodUntil().passed()) {
      return known.registry();
    }
    List<RegistryHost> hosts = directories.hostsOf(name);
    Registry registry =
        known != null && known.registry().settings().equals(hosts)
            ? known.registry()
            : new Registry(
                name,
                settings.firstContact(),
                hosts.stream()
                    .map(host -> new HostConnection(transport, config, host, name))
                    .toList());
    Known read = new Known(registry, Deadline.in(CONFIGURATION_AGE));
    if (known == null) {
      Known other = registries.putIfAbsent(name, read);
      return other == null ? registry : other.registry();
    }
    registries.replace(name, known, read);
    return registry;
  }

  /** Closes the connections. Whatever still uses them fails. */
  @Override
  public void close() {
    spools.close();
    transport.close();
  }
}
