package io.imageharbour.pool.cluster;

import java.util.regex.Pattern;

/**
 * An agent of the pool as its clients know it: its name, where its gRPC service listens, and how
 * much memory it lends.
 *
 * @param id the agent's name, the same after a restart: 1 to 64 of {@code a-z 0-9 -}. Placement
 *     depends on it and on nothing else that names the agent, so an agent may move to another host.
 * @param host name or IP address (IPv6 without brackets) of the gRPC service, at most 253
 *     characters
 * @param port TCP port of the gRPC service, 1 to 65535
 * @param memoryBytes memory that the agent lends, 1 to 2^60 bytes; contents are shared out in
 *     proportion to it. In a static list, where nobody knows it, the same number for all.
 */
public record AgentAddress(String id, String host, int port, long memoryBytes) {

  private static final Pattern ID = Pattern.compile("[a-z0-9-]{1,64}");
  private static final Pattern HOST = Pattern.compile("[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}");
  private static final Pattern PORT = Pattern.compile("[0-9]{1,5}");
  private static final long MOST_MEMORY = 1L << 60;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException if one is left; the message says which
   */
  public AgentAddress {
    if (!isId(id)) {
      throw new IllegalArgumentException(
          "an agent's id has 1 to 64 of a-z, 0-9 and -, not: " + abbreviate(id));
    }
    if (!HOST.matcher(host).matches()) {
      throw new IllegalArgumentException("not a host name or IP address: " + abbreviate(host));
    }
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException("a port is 1 to 65535, not " + port);
    }
    if (memoryBytes < 1 || memoryBytes > MOST_MEMORY) {
      throw new IllegalArgumentException(
          "an agent lends 1 to " + MOST_MEMORY + " bytes, not " + memoryBytes);
    }
  }

  /**
   * An agent at {@code host:port}; an IPv6 address stands in brackets, {@code [::1]:7070}.
   *
   * @throws IllegalArgumentException if the endpoint has another form, or a range is left
   */
  public static AgentAddress at(String id, String endpoint, long memoryBytes) {
    int colon = endpoint.lastIndexOf(':');
    String host = endpoint.substring(0, Math.max(colon, 0));
    String port = endpoint.substring(colon + 1);
    boolean bracketed = host.startsWith("[") && host.endsWith("]") && host.length() > 2;
    if (!PORT.matcher(port).matches() || bracketed != host.contains(":")) {
      throw new IllegalArgumentException(
          "an agent's endpoint is host:port or [IPv6]:port, not: " + abbreviate(endpoint));
    }
    return new AgentAddress(
        id,
        bracketed ? host.substring(1, host.length() - 1) : host,
        Integer.parseInt(port),
        memoryBytes);
  }

  /** Whether a text can be the id of an agent. */
  public static boolean isId(String text) {
    return ID.matcher(text).matches();
  }

  /** {@code host:port}, an IPv6 address in brackets. */
  public String endpoint() {
    return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
  }

  /** {@code id@host:port}: the same agent at the same place, however much it lends. */
  public String place() {
    return id + "@" + endpoint();
  }

  private static String abbreviate(String text) {
    return text.length() <= 100 ? text : text.substring(0, 100) + "…";
  }
}
