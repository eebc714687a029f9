package io.imageharbour.indexer.registry;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Where registry access takes its configuration from, and how patient it is.
 *
 * @param certsDirectories directories of {@code HOST/hosts.toml} files; the first that knows a host
 *     counts
 * @param dockerConfigDirectory the directory that holds Docker's {@code config.json}
 * @param plainHttpHosts registries ({@code host[:port]}) to speak to without TLS; those on loopback
 *     addresses need not be named
 * @param plainHttp whether to speak to every registry without TLS
 * @param deadline how long one operation is tried, all retries included; for a blob that is
 *     streamed, how long it is tried without one new byte
 * @param stallTimeout how long a connection may stay silent before it counts as broken
 * @param firstContact how long a host that has never answered is tried while it can't be connected
 *     to at all, at most the deadline: that is more often a wrong name than a restart
 * @param temporaryDirectory where a blob is kept while parts of it are read from a registry that
 *     ignores ranges, and what was sent of an upload; the files have no names there
 */
public record RegistrySettings(
    List<Path> certsDirectories,
    Path dockerConfigDirectory,
    Set<String> plainHttpHosts,
    boolean plainHttp,
    Duration deadline,
    Duration stallTimeout,
    Duration firstContact,
    Path temporaryDirectory) {

  public RegistrySettings {
    certsDirectories = List.copyOf(certsDirectories);
    plainHttpHosts = Set.copyOf(plainHttpHosts);
  }

  /**
   * What containerd and Docker use on this machine: {@code /etc/containerd/certs.d}, {@code
   * /etc/docker/certs.d}, and {@code $DOCKER_CONFIG} or {@code ~/.docker}; 60 seconds for an
   * operation, first contact or not, 20 for a silent connection; {@code /var/tmp} for temporary
   * files.
   */
  public static RegistrySettings defaults() {
    Map<String, String> environment = System.getenv();
    String dockerConfig = environment.getOrDefault("DOCKER_CONFIG", "");
    Path home = Path.of(environment.getOrDefault("HOME", System.getProperty("user.home", "/root")));
    return new RegistrySettings(
        List.of(Path.of("/etc/containerd/certs.d"), Path.of("/etc/docker/certs.d")),
        dockerConfig.isEmpty() ? home.resolve(".docker") : Path.of(dockerConfig),
        Set.of(),
        false,
        Duration.ofSeconds(60),
        Duration.ofSeconds(20),
        Duration.ofSeconds(60),
        // on disk: /tmp is memory on many machines, and a blob may have gigabytes
        Path.of("/var/tmp"));
  }

  /** The same with other directories of {@code hosts.toml} files. */
  public RegistrySettings withCertsDirectories(List<Path> directories) {
    return new RegistrySettings(
        directories,
        dockerConfigDirectory,
        plainHttpHosts,
        plainHttp,
        deadline,
        stallTimeout,
        firstContact,
        temporaryDirectory);
  }

  /** The same with another directory of Docker's {@code config.json}. */
  public RegistrySettings withDockerConfigDirectory(Path directory) {
    return new RegistrySettings(
        certsDirectories,
        directory,
        plainHttpHosts,
        plainHttp,
        deadline,
        stallTimeout,
        firstContact,
        temporaryDirectory);
  }

  /** The same with other registries that are spoken to without TLS. */
  public RegistrySettings withPlainHttpHosts(Set<String> hosts) {
    return new RegistrySettings(
        certsDirectories,
        dockerConfigDirectory,
        hosts,
        plainHttp,
        deadline,
        stallTimeout,
        firstContact,
        temporaryDirectory);
  }

  /** The same, with or without TLS for every registry. */
  public RegistrySettings withPlainHttp(boolean everywhere) {
    return new RegistrySettings(
        certsDirectories,
        dockerConfigDirectory,
        plainHttpHosts,
        everywhere,
        deadline,
        stallTimeout,
        firstContact,
        temporaryDirectory);
  }

  /** The same with other limits of time. */
  public RegistrySettings withTimeouts(Duration newDeadline, Duration newStallTimeout) {
    return new RegistrySettings(
        certsDirectories,
        dockerConfigDirectory,
        plainHttpHosts,
        plainHttp,
        newDeadline,
        newStallTimeout,
        firstContact,
        temporaryDirectory);
  }

  /** The same with another limit of time for hosts that have never answered. */
  public RegistrySettings withFirstContact(Duration limit) {
    return new RegistrySettings(
        certsDirectories,
        dockerConfigDirectory,
        plainHttpHosts,
        plainHttp,
        deadline,
        stallTimeout,
        limit,
        temporaryDirectory);
  }

  /** The same with another directory for temporary files. */
  public RegistrySettings withTemporaryDirectory(Path directory) {
    return new RegistrySettings(
        certsDirectories,
        dockerConfigDirectory,
        plainHttpHosts,
        plainHttp,
        deadline,
        stallTimeout,
        firstContact,
        directory);
  }
}
