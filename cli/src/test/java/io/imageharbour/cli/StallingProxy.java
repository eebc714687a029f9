package io.imageharbour.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.CountDownLatch;

/** Stands before a registry; a connection that has sent so many bytes waits for its release. */
final class StallingProxy implements AutoCloseable {

  private final ServerSocket server;
  private final int target;
  private final long limit;
  private final CountDownLatch stalled = new CountDownLatch(1);
  private final CountDownLatch released = new CountDownLatch(1);

  private StallingProxy(ServerSocket server, int target, long limit) {
    this.server = server;
    this.target = target;
    this.limit = limit;
  }

  static StallingProxy start(int target, long limit) throws IOException {
    StallingProxy proxy =
        new StallingProxy(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), target, limit);
    Thread.ofVirtual().name("proxy").start(proxy::accept);
    return proxy;
  }

  String host() {
    return "127.0.0.1:" + server.getLocalPort();
  }

  /** Counted down when a connection stalls. */
  CountDownLatch stalled() {
    return stalled;
  }

  /** Lets everything through from now on. */
  void release() {
    released.countDown();
  }

  @Override
  public void close() throws IOException {
    release();
    server.close();
  }

  private void accept() {
    while (true) {
      try {
        Socket client = server.accept();
        Socket registry = new Socket(InetAddress.getLoopbackAddress(), target);
        Thread.ofVirtual().name("to-registry").start(() -> copy(client, registry, limit));
        Thread.ofVirtual().name("to-client").start(() -> copy(registry, client, Long.MAX_VALUE));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void copy(Socket from, Socket to, long most) {
    byte[] buffer = new byte[8192];
    long copied = 0;
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
        copied += length;
        if (copied > most) {
          stalled.countDown();
          released.await();
        }
        out.write(buffer, 0, length);
      }
    } catch (IOException e) {
      // one side went away, and so does the other
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
