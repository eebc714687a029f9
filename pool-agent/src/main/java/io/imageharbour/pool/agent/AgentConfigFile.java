package io.imageharbour.pool.agent;

import io.imageharbour.pool.cluster.EtcdTable;
import io.imageharbour.pool.control.ControlConfig;
import io.imageharbour.pool.policy.PolicyKind;
import io.imageharbour.pool.policy.UnknownPolicyException;
import io.imageharbour.pool.process.ByteSize;
import io.imageharbour.pool.process.ConfigTable;
import io.imageharbour.pool.process.ConfigurationException;
import io.imageharbour.pool.process.RegistryTable;
import io.imageharbour.pool.security.SecurityTable;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;

/** Reads {@link AgentConfig} from TOML; options of the command line come first. */
final class AgentConfigFile {

  private static final String PROGRAM = "harbour-agent";
  private static final Set<String> TRANSPORTS = Set.of("rdma", "shm", "tcp");
  private static final long LEAST_MEMORY = 16 << 20;

  /** Nobody waits for an image that is loaded ahead of time, but for the next one. */
  private static final Duration FIRST_CONTACT = Duration.ofSeconds(10);

  /**
   * What the command line says instead of the file.
   *
   * @param memory as it is written, such as {@code 8GiB}
   */
  record Options(
      Optional<String> memory, Optional<List<String>> transports, Optional<String> listen) {
    static final Options NONE = new Options(Optional.empty(), Optional.empty(), Optional.empty());
  }

  private AgentConfigFile() {}

  static AgentConfig read(Path file, Options options) throws ConfigurationException {
    return of(ConfigTable.read(PROGRAM, file), options);
  }

  static AgentConfig parse(String source, String toml, Options options)
      throws ConfigurationException {
    return of(ConfigTable.parse(PROGRAM, source, toml), options);
  }

  private static AgentConfig of(ConfigTable file, Options options) throws ConfigurationException {
    SecurityTable security = new SecurityTable(file.table("security"));
    ConfigTable etcd = file.table("etcd");
    ConfigTable control = file.table("control");
    ConfigTable registry = file.table("registry");
    String listen = listen(file, options.listen());
    List<String> transports = transports(file, options.transports());
    AgentConfig config =
        new AgentConfig(
            id(file),
            listen,
            memory(file, options.memory()),
            file.flag("lock-memory", true),
            transports,
            file.path("socket", Path.of("/run/harbour/agent.sock")),
            file.integer("tcp-port", 7411, 0, 65_535),
            rdmaAddresses(file, transports, listen),
            file.integer("rdma-port", 7412, 0, 65_535),
            policy(file),
            security.ofAgent(),
            EtcdTable.read(etcd),
            file.endpoint("metrics-address"),
            file.logLevel(),
            control(control, registry));
    for (ConfigTable table : List.of(file, control, registry)) {
      table.refuseUnknown();
    }
    if (config.etcd().isPresent() && isEveryAddress(config.listen())) {
      throw new ConfigurationException(
          "with etcd, listen needs an address by which nodes reach this host, not "
              + config.listen());
    }
    return config;
  }

  private static boolean isEveryAddress(String listen) {
    return Stream.of("0.0.0.0:", "[::]:").anyMatch(listen::startsWith);
  }

  private static ControlConfig control(ConfigTable control, ConfigTable registry)
      throws ConfigurationException {
    int usual = Math.toIntExact(ControlConfig.DEFAULT_INTERVAL.toSeconds());
    return new ControlConfig(
        Set.copyOf(control.strings("preload-from", List.of())),
        control.integer("replicas", 1, 1, 8),
        Duration.ofSeconds(control.integer("interval", usual, 1, 3600)),
        RegistryTable.read(registry).withFirstContact(FIRST_CONTACT));
  }

  private static String id(ConfigTable file) throws ConfigurationException {
    String id = file.string("id", "");
    if (id.isEmpty()) {
      return hostName();
    }
    if (!id.matches("[a-z0-9-]{1,64}")) {
      throw file.wrong("id", "1 to 64 of a-z, 0-9 and \"-\"");
    }
    return id;
  }

  private static String hostName() {
    try {
      String name = InetAddress.getLocalHost().getHostName().toLowerCase(Locale.ROOT);
      String id = name.replaceAll("[^a-z0-9-]", "-");
      return id.substring(0, Math.min(id.length(), 64));
    } catch (UnknownHostException e) {
      return "agent";
    }
  }

  private static String listen(ConfigTable file, Optional<String> option)
      throws ConfigurationException {
    String written = file.endpoint("listen").orElse("127.0.0.1:7410");
    if (option.isPresent() && !ConfigTable.isEndpoint(option.get())) {
      throw new ConfigurationException(
          "--listen is \"%s\", which must be host:port, such as 10.0.0.7:7410"
              .formatted(option.get()));
    }
    return option.orElse(written);
  }

  private static long memory(ConfigTable file, Optional<String> option)
      throws ConfigurationException {
    String written = file.string("memory", "1GiB");
    OptionalLong memory = ByteSize.parse(option.orElse(written));
    if (memory.isEmpty() || memory.getAsLong() < LEAST_MEMORY) {
      if (option.isPresent()) {
        throw new ConfigurationException(
            "--memory is \"%s\", which must be at least 16MiB, such as 8GiB"
                .formatted(option.get()));
      }
      throw file.wrong("memory", "at least \"16MiB\", such as \"8GiB\"");
    }
    return memory.getAsLong();
  }

  private static List<String> transports(ConfigTable file, Optional<List<String>> option)
      throws ConfigurationException {
    List<String> written = file.strings("transports", List.of("shm", "tcp"));
    List<String> transports = option.orElse(written);
    if (transports.isEmpty() || !TRANSPORTS.containsAll(transports)) {
      String names = String.join(", ", TRANSPORTS.stream().sorted().toList());
      throw option.isPresent()
          ? new ConfigurationException("--transport takes some of " + names)
          : file.wrong("transports", "some of " + names);
    }
    return transports.stream().distinct().toList();
  }

  private static PolicyKind policy(ConfigTable file) throws ConfigurationException {
    try {
      return PolicyKind.named(file.string("policy", "w-tinylfu"));
    } catch (UnknownPolicyException e) {
      throw file.wrong("policy", "\"lru\", \"arc\", \"s3-fifo\" or \"w-tinylfu\"");
    }
  }

  private static List<InetAddress> rdmaAddresses(
      ConfigTable file, List<String> transports, String listen) throws ConfigurationException {
    List<InetAddress> addresses = new ArrayList<>();
    for (String address : file.strings("rdma-addresses", List.of())) {
      try {
        addresses.add(Inet4Address.ofLiteral(address));
      } catch (IllegalArgumentException e) {
        throw file.wrong("rdma-addresses", "a list of IPv4 addresses");
      }
    }
    if (transports.contains("rdma") && addresses.isEmpty()) {
      addresses.add(rdmaAddress(listen));
    }
    return addresses;
  }

  /** The address at which the agent listens is mostly that of the RDMA device as well. */
  private static InetAddress rdmaAddress(String listen) throws ConfigurationException {
    try {
      InetAddress address = Inet4Address.ofLiteral(listen.substring(0, listen.lastIndexOf(':')));
      if (!address.isAnyLocalAddress() && !address.isLoopbackAddress()) {
        return address;
      }
    } catch (IllegalArgumentException e) {
      // a name, or IPv6: no RDMA device is known by it
    }
    throw new ConfigurationException(
        "the transport rdma needs rdma-addresses, IPv4 addresses of this host's RDMA device,"
            + " or one of them in listen, which is "
            + listen);
  }
}
