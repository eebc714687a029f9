package io.imageharbour.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Stands before a registry; a connection over which so many bytes came is cut. */
final class CuttingProxy implements AutoCloseable {

  private final ServerSocket server;
  private final int target;
  private final long limit;
  private final AtomicInteger cuts = new AtomicInteger();
  private final AtomicLong bytes = new AtomicLong();

  private CuttingProxy(ServerSocket server, int target, long limit) {
    this.server = server;
    this.target = target;
    this.limit = limit;
  }

  static CuttingProxy start(int target, long limit) throws IOException {
    CuttingProxy proxy =
        new CuttingProxy(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), target, limit);
    Thread.ofVirtual().name("proxy").start(proxy::accept);
    return proxy;
  }

  String host() {
    return "127.0.0.1:" + server.getLocalPort();
  }

  /** How many connections were cut. */
  int cuts() {
    return cuts.get();
  }

  /** How many bytes came from the registry. */
  long bytes() {
    return bytes.get();
  }

  @Override
  public void close() throws IOException {
    server.close();
  }

  private void accept() {
    while (true) {
      try {
        Socket client = server.accept();
        Socket registry = new Socket(InetAddress.getLoopbackAddress(), target);
        Thread.ofVirtual().name("to-registry").start(() -> copy(client, registry, false));
        Thread.ofVirtual().name("to-client").start(() -> copy(registry, client, true));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void copy(Socket from, Socket to, boolean counts) {
    byte[] buffer = new byte[8192];
    long copied = 0;
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
        if (counts) {
          copied += length;
          bytes.addAndGet(length);
          if (copied > limit) {
            cuts.incrementAndGet();
            return;
          }
        }
        out.write(buffer, 0, length);
      }
    } catch (IOException e) {
      // one side went away, and so does the other
    }
  }
}
