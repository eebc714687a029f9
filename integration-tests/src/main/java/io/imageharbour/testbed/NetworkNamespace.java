package io.imageharbour.testbed;

import io.imageharbour.indexer.HarbourException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * A network namespace with one Ethernet link to this one, that a server can run in: its traffic can
 * then be slowed down and counted.
 */
public final class NetworkNamespace implements AutoCloseable {

  private static final Path LINKS = Path.of("/sys/class/net");

  /** Of the block for documentation, which nobody routes (RFC 5737, TEST-NET-2). */
  private static final String NETWORK = "198.51.100.";

  private final String name;
  private final String outerLink;
  private final int firstAddress;

  private NetworkNamespace(String name, String outerLink, int firstAddress) {
    this.name = name;
    this.outerLink = outerLink;
    this.firstAddress = firstAddress;
  }

  /**
   * Makes the namespace and its link.
   *
   * @param suffix distinguishes the namespaces of a workspace, at most 5 letters
   */
  public static NetworkNamespace create(Workspace workspace, String suffix)
      throws IOException, InterruptedException {
    String name = workspace.tag() + suffix;
    NetworkNamespace namespace = new NetworkNamespace(name, name + "o", freeSubnet());
    namespace.build();
    return namespace;
  }

  /** Limits what leaves the namespace, downloads from a server in it, to a rate. */
  public void limit(Rate rate) throws IOException, InterruptedException {
    inside(
            "tc",
            "qdisc",
            "replace",
            "dev",
            innerLink(),
            "root",
            "tbf",
            "rate",
            rate.mbit() + "mbit",
            "burst",
            rate.mbit() >= 1000 ? "1mb" : "256kb",
            "latency",
            "50ms")
        .run();
  }

  /** From now on everything is lost that is sent into the namespace or out of it. */
  public void cut() throws IOException, InterruptedException {
    inside("ip", "link", "set", innerLink(), "down").run();
  }

  /** Undoes {@link #cut}; nobody is told. */
  public void mend() throws IOException, InterruptedException {
    inside("ip", "link", "set", innerLink(), "up").run();
  }

  /** The address of a server in the namespace. */
  public String address() {
    return NETWORK + (firstAddress + 2);
  }

  /** A command that runs in the namespace. */
  public Command inside(Object... arguments) {
    return Command.of("ip", "netns", "exec", name).withArguments(arguments);
  }

  /** Bytes of whole Ethernet frames that left the namespace since it was made. */
  public long bytesOut() throws IOException {
    return Long.parseLong(
        Files.readString(LINKS.resolve(outerLink).resolve("statistics/rx_bytes")).strip());
  }

  /** Removes the link and the namespace; a process that still runs there keeps the latter. */
  @Override
  public void close() throws IOException, InterruptedException {
    deleteLink(outerLink);
    Command.of("ip", "netns", "delete", name).run();
  }

  /** Removes every namespace and link whose name begins with a tag. */
  static void removeAll(String tag) throws IOException, InterruptedException {
    for (Path link : entries(LINKS, tag)) {
      deleteLink(link.getFileName().toString());
    }
    for (Path namespace : entries(Path.of("/run/netns"), tag)) {
      Command.of("ip", "netns", "delete", namespace.getFileName()).run();
    }
  }

  private void build() throws IOException, InterruptedException {
    Command.of("ip", "netns", "add", name).run();
    ip("link", "add", outerLink, "type", "veth", "peer", "name", innerLink(), "netns", name);
    ip("address", "add", NETWORK + (firstAddress + 1) + "/30", "dev", outerLink);
    ip("link", "set", outerLink, "up");
    inside("ip", "address", "add", address() + "/30", "dev", innerLink()).run();
    inside("ip", "link", "set", innerLink(), "up").run();
    inside("ip", "link", "set", "lo", "up").run();
  }

  private String innerLink() {
    return name + "i";
  }

  private static void ip(Object... arguments) throws IOException, InterruptedException {
    Command.of("ip").withArguments(arguments).run();
  }

  private static void deleteLink(String link) throws IOException, InterruptedException {
    if (Files.exists(LINKS.resolve(link))) {
      ip("link", "delete", link);
    }
  }

  /** The first address of a /30 that no link of this machine uses. */
  private static int freeSubnet() throws IOException, InterruptedException {
    String used = Command.of("ip", "-brief", "-4", "address").run().text();
    for (int first = 0; first < 256; first += 4) {
      if (!used.contains(NETWORK + (first + 1) + "/30")) {
        return first;
      }
    }
    throw new HarbourException("every subnet of " + NETWORK + "0/24 is in use on this machine");
  }

  private static List<Path> entries(Path directory, String prefix) throws IOException {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.filter(entry -> entry.getFileName().toString().startsWith(prefix)).toList();
    }
  }
}
