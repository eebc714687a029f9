package io.imageharbour.pool.transport.tcp;

import io.imageharbour.pool.linux.SharedMemory;
import io.imageharbour.pool.memory.Region;
import io.imageharbour.pool.memory.Regions;
import io.imageharbour.pool.memory.Span;
import io.imageharbour.pool.transport.Offer;
import io.imageharbour.pool.transport.Session;
import io.imageharbour.pool.transport.Sessions;
import io.imageharbour.pool.transport.Ticket;
import io.imageharbour.pool.transport.TransportServer;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers reads of the regions, and writes into staging memory, over TCP. */
public final class TcpServer implements TransportServer {

  private static final Logger log = LoggerFactory.getLogger(TcpServer.class);

  private static final int MAX_CONNECTIONS = 1024;
  private static final int BACKLOG = 64;
  private static final Duration HELLO_PATIENCE = Duration.ofSeconds(5);
  private static final long ACCEPT_PAUSE_NANOS = Duration.ofMillis(100).toNanos();
  private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(5);

  /** What is copied at once, in bytes. */
  private static final int PIECE = 64 << 10;

  private final Regions regions;
  private final Sessions sessions;
  private final ServerSocket listener;
  private final Thread acceptor;
  private final Semaphore slots = new Semaphore(MAX_CONNECTIONS);
  private final Set<Client> clients = ConcurrentHashMap.newKeySet();
  private final Optional<SSLContext> tls;

  /** A client, and the thread that serves it. */
  private final class Client implements Runnable {
    private final Socket socket;
    private final Thread thread;

    Client(Socket socket) {
      this.socket = socket;
      thread = Thread.ofVirtual().name("tcp-client").unstarted(this);
    }

    @Override
    public void run() {
      try (socket) {
        serve(this);
      } catch (IOException | IllegalStateException e) {
        // the client has gone, or the memory that it was writing to
        log.debug("event=tcp-client-gone cause=\"{}\"", e.toString());
      } finally {
        clients.remove(this);
        slots.release();
      }
    }

    /** Returns when the thread does not touch memory any more, if it is another one's. */
    void end() {
      try {
        socket.close();
        if (Thread.currentThread() != thread && !thread.join(CLOSE_PATIENCE)) {
          log.warn("event=tcp-client-does-not-end");
        }
      } catch (IOException e) {
        log.debug("event=close-failed cause=\"{}\"", e.getMessage());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Begins to serve.
   *
   * @param address to listen on; port 0 takes a free one
   * @param tls with the agent's certificate and whom it trusts; empty for connections without TLS
   * @throws IOException if the address can't be listened on
   */
  public TcpServer(
      InetSocketAddress address, Optional<SSLContext> tls, Regions regions, Sessions sessions)
      throws IOException {
    this.tls = tls;
    this.regions = regions;
    this.sessions = sessions;
    listener = new ServerSocket(address.getPort(), BACKLOG, address.getAddress());
    acceptor = Thread.ofPlatform().daemon().name("tcp-accept").start(this::accept);
  }

  @Override
  public Offer offer(Session session) {
    return new Offer.TcpOffer("", listener.getLocalPort(), session.ticket());
  }

  @Override
  public void close() {
    try {
      listener.close();
      acceptor.join(CLOSE_PATIENCE);
      clients.forEach(Client::end);
    } catch (IOException e) {
      log.warn("event=close-failed cause=\"{}\"", e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        slots.acquire();
        Client client = new Client(listener.accept());
        clients.add(client);
        client.thread.start();
      } catch (IOException e) {
        slots.release();
        if (!listener.isClosed()) {
          log.warn("event=tcp-not-accepted cause=\"{}\"", e.getMessage());
          // what can't be accepted for want of descriptors can't be in the same moment either
          LockSupport.parkNanos(ACCEPT_PAUSE_NANOS);
        }
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private void serve(Client client) throws IOException {
    client.socket.setTcpNoDelay(true);
    client.socket.setKeepAlive(true);
    // whoever sends a byte now and then is never late with the next one
    CompletableFuture<Void> introduced = Connection.closeUnlessDone(client.socket, HELLO_PATIENCE);
    Connection connection = Connection.ofServer(client.socket, tls);
    DataInputStream in = new DataInputStream(new BufferedInputStream(connection.in()));
    DataOutputStream out = new DataOutputStream(new BufferedOutputStream(connection.out(), PIECE));
    byte[] hello = new byte[Frames.HELLO];
    in.readFully(hello);
    introduced.complete(null);
    ByteBuffer said = ByteBuffer.wrap(hello);
    boolean speaksThis = said.getInt() == Frames.MAGIC;
    boolean reads = said.get() == Frames.READ;
    Optional<Session> session = speaksThis ? sessions.find(Ticket.read(said)) : Optional.empty();
    Runnable end = client::end;
    if (session.isEmpty()
        || !(reads ? session.get().addReader(end) : session.get().addWriter(end))) {
      out.writeByte(Frames.REFUSED);
      out.flush();
      return;
    }
    try {
      out.writeByte(Frames.OK);
      out.flush();
      if (reads) {
        answerReads(in, out);
      } else {
        Optional<SharedMemory> staging = session.get().staging();
        if (staging.isPresent()) {
          answerWrites(in, out, staging.get().segment());
        }
      }
    } finally {
      session.get().remove(end);
    }
  }

  private void answerReads(DataInputStream in, DataOutputStream out) throws IOException {
    byte[] request = new byte[Frames.REQUEST];
    byte[] piece = new byte[PIECE];
    while (true) {
      if (in.available() == 0) {
        out.flush();
      }
      in.readFully(request);
      ByteBuffer said = ByteBuffer.wrap(request);
      int number = said.getInt();
      long offset = said.getLong();
      int length = said.getInt();
      Optional<Region> region = regions.find(number);
      if (region.isEmpty()
          || !Frames.isSpan(number, offset, length)
          || !new Span(number, offset, length).isWithin(region.get().size())) {
        out.writeByte(Frames.REFUSED);
        continue;
      }
      MemorySegment bytes = region.get().memory().segment();
      boolean there = copy(bytes, offset, piece, Math.min(PIECE, length));
      out.writeByte(there ? Frames.OK : Frames.REFUSED);
      for (int done = 0; there && done < length; done += PIECE) {
        int now = Math.min(PIECE, length - done);
        if (done > 0) {
          // when it goes just now, the length was promised; the digest tells whoever reads
          boolean unused = copy(bytes, offset + done, piece, now);
        }
        out.write(piece, 0, now);
      }
    }
  }

  /** False if the memory has gone: a slab that was given back to the host. */
  private static boolean copy(MemorySegment memory, long offset, byte[] to, int length) {
    try {
      MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, offset, to, 0, length);
      return true;
    } catch (IllegalStateException e) {
      return false;
    }
  }

  private static void answerWrites(DataInputStream in, DataOutputStream out, MemorySegment staging)
      throws IOException {
    byte[] request = new byte[Frames.REQUEST];
    byte[] piece = new byte[PIECE];
    while (true) {
      if (in.available() == 0) {
        out.flush();
      }
      in.readFully(request);
      ByteBuffer said = ByteBuffer.wrap(request);
      int zero = said.getInt();
      long offset = said.getLong();
      int length = said.getInt();
      if (!Frames.isSpan(zero, offset, length)
          || !new Span(zero, offset, length).isWithin(staging.byteSize())) {
        // what comes next are the bytes, which nobody wants
        out.writeByte(Frames.REFUSED);
        out.flush();
        return;
      }
      for (int done = 0; done < length; done += PIECE) {
        int now = Math.min(PIECE, length - done);
        in.readFully(piece, 0, now);
        MemorySegment.copy(piece, 0, staging, ValueLayout.JAVA_BYTE, offset + done, now);
      }
      out.writeByte(Frames.OK);
    }
  }
}
