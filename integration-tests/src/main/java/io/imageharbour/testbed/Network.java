package io.imageharbour.testbed;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;

/**
 * Where a server listens.
 *
 * @param address that clients reach it at
 * @param prefix the command that starts the server there, without the server itself
 */
public record Network(String address, Command prefix) {

  /** The loopback interface of this machine. */
  public static Network loopback() {
    return new Network(InetAddress.getLoopbackAddress().getHostAddress(), Command.of("env"));
  }

  /** A network namespace of its own. */
  public static Network in(NetworkNamespace namespace) {
    return new Network(namespace.address(), namespace.inside());
  }

  /** A port that nobody listens on at the moment. */
  public static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
