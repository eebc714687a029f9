package io.imageharbour.pool.client;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * One port of an agent as it is seen over a network that can stop: what is sent waits, or is lost
 * with its connection, and nobody is told.
 */
final class StallingNetwork implements AutoCloseable {

  /** Where the agent is; the network has its ports at {@link #NEAR}. */
  static final String FAR = "127.0.0.1";

  static final String NEAR = "127.0.0.2";

  private final ServerSocket listener;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private boolean stalled;
  private long generation;

  /** Takes a port that is free at both ends, most likely. */
  StallingNetwork() throws IOException {
    listener = new ServerSocket(0, 50, InetAddress.getByName(NEAR));
    Thread unused = Thread.ofVirtual().start(this::accept);
  }

  int port() {
    return listener.getLocalPort();
  }

  /** Carries nothing from now on. */
  synchronized void stall() {
    stalled = true;
  }

  /** Carries what waited, and all that follows. */
  synchronized void resume() {
    stalled = false;
    notifyAll();
  }

  /** Never carries anything on the connections that there are; new ones are fine. */
  synchronized void loseConnections() {
    generation++;
  }

  @Override
  public void close() throws IOException {
    listener.close();
    synchronized (this) {
      generation++;
      stalled = false;
      notifyAll();
    }
    for (Socket socket : sockets) {
      socket.close();
    }
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket near = listener.accept();
        Socket far = new Socket();
        sockets.add(near);
        sockets.add(far);
        far.connect(new InetSocketAddress(FAR, port()));
        long born;
        synchronized (this) {
          born = generation;
        }
        Thread there = Thread.ofVirtual().start(() -> carry(near, far, born));
        Thread back = Thread.ofVirtual().start(() -> carry(far, near, born));
        assert there != back;
      } catch (IOException e) {
        // closed, or the agent is away
      }
    }
  }

  private void carry(Socket from, Socket to, long born) {
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      byte[] buffer = new byte[8192];
      for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
        if (!mayCarry(born)) {
          return;
        }
        out.write(buffer, 0, length);
      }
      if (mayCarry(born)) {
        to.close();
      }
    } catch (IOException | InterruptedException e) {
      // one end has closed
    }
  }

  private synchronized boolean mayCarry(long born) throws InterruptedException {
    while (stalled) {
      wait();
    }
    return born == generation;
  }
}
