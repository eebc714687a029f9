package io.imageharbour.indexer.registry;

import java.net.InetAddress;

/** Which host names mean this machine, without asking a name server. */
final class Loopback {

  private Loopback() {}

  /**
   * Whether a host is {@code localhost}, in 127.0.0.0/8 or ::1.
   *
   * @param host a name or an address, IPv6 addresses with or without brackets
   */
  static boolean isLoopback(String host) {
    return host.equalsIgnoreCase("localhost")
        || (isAddress(host) && parse(host).isLoopbackAddress());
  }

  /** Whether a host is a literal address. */
  static boolean isAddress(String host) {
    try {
      parse(host);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /**
   * Reads a literal address.
   *
   * @throws IllegalArgumentException if it is none
   */
  static InetAddress parse(String host) {
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    return InetAddress.ofLiteral(bracketed ? host.substring(1, host.length() - 1) : host);
  }
}
