package io.imageharbour.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Stands before a registry. A connection over which more than so many bytes came from there is cut,
 * or waits until it is released.
 */
final class LimitingProxy implements AutoCloseable {

  private final ServerSocket server;
  private final int target;
  private final long limit;
  private final boolean cuts;
  private final AtomicInteger reached = new AtomicInteger();
  private final AtomicLong bytes = new AtomicLong();
  private final CountDownLatch first = new CountDownLatch(1);
  private final CountDownLatch released = new CountDownLatch(1);

  private LimitingProxy(ServerSocket server, int target, long limit, boolean cuts) {
    this.server = server;
    this.target = target;
    this.limit = limit;
    this.cuts = cuts;
  }

  static LimitingProxy cutting(int target, long limit) throws IOException {
    return start(target, limit, true);
  }

  static LimitingProxy stalling(int target, long limit) throws IOException {
    return start(target, limit, false);
  }

  private static LimitingProxy start(int target, long limit, boolean cuts) throws IOException {
    ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    LimitingProxy proxy = new LimitingProxy(server, target, limit, cuts);
    Thread.ofVirtual().name("proxy").start(proxy::accept);
    return proxy;
  }

  String host() {
    return "127.0.0.1:" + server.getLocalPort();
  }

  /** How many connections were cut. */
  int cuts() {
    return cuts ? reached.get() : 0;
  }

  /** Counted down when a connection reaches the limit. */
  CountDownLatch stalled() {
    return first;
  }

  /** Lets what waits go on. */
  void release() {
    released.countDown();
  }

  /** How many bytes came from the registry. */
  long bytes() {
    return bytes.get();
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
          if (copied > limit && !goesOn()) {
            return;
          }
        }
        out.write(buffer, 0, length);
      }
    } catch (IOException e) {
      // one side went away, and so does the other
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean goesOn() throws InterruptedException {
    reached.incrementAndGet();
    first.countDown();
    if (!cuts) {
      released.await();
    }
    return !cuts;
  }
}
