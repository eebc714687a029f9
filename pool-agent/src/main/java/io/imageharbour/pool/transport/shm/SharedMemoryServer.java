package io.imageharbour.pool.transport.shm;

import io.imageharbour.pool.linux.MemorySocket;
import io.imageharbour.pool.linux.SharedMemory;
import io.imageharbour.pool.memory.Region;
import io.imageharbour.pool.memory.Regions;
import io.imageharbour.pool.transport.Offer;
import io.imageharbour.pool.transport.Session;
import io.imageharbour.pool.transport.Sessions;
import io.imageharbour.pool.transport.Ticket;
import io.imageharbour.pool.transport.TransportServer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Passes the regions on to clients of the same host, which read them without the agent. */
public final class SharedMemoryServer implements TransportServer {

  private static final Logger log = LoggerFactory.getLogger(SharedMemoryServer.class);

  private static final int MAX_CONNECTIONS = 256;
  private static final Duration HELLO_PATIENCE = Duration.ofSeconds(5);
  private static final long ACCEPT_PAUSE_NANOS = Duration.ofMillis(100).toNanos();

  private final Path path;
  private final String host;
  private final Regions regions;
  private final Sessions sessions;
  private final MemorySocket listener;
  private final Thread acceptor;
  private final Semaphore slots = new Semaphore(MAX_CONNECTIONS);
  private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /** A connection, and the thread that serves it. */
  private final class Connection implements Runnable {
    private final MemorySocket socket;
    private final Thread thread;

    Connection(MemorySocket socket) {
      this.socket = socket;
      thread = Thread.ofPlatform().daemon().name("shm-client").unstarted(this);
    }

    @Override
    public void run() {
      try (socket) {
        serve(this);
      } catch (IOException e) {
        log.debug("event=shm-client-gone cause=\"{}\"", e.getMessage());
      } finally {
        connections.remove(this);
        slots.release();
      }
    }

    void end() {
      socket.shutDown();
    }
  }

  /**
   * Begins to serve.
   *
   * @param path of the socket; its directory is made, and open to this user alone
   * @throws IOException if it can't be listened on
   */
  public SharedMemoryServer(Path path, Regions regions, Sessions sessions) throws IOException {
    this.path = path;
    this.regions = regions;
    this.sessions = sessions;
    host = BootId.read();
    Path directory = path.toAbsolutePath().getParent();
    Files.createDirectories(directory);
    listener = MemorySocket.listen(path);
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
    acceptor = Thread.ofPlatform().daemon().name("shm-accept").start(this::accept);
  }

  @Override
  public Offer offer(Session session) {
    return new Offer.SharedMemoryOffer(host, path, session.ticket());
  }

  @Override
  public void close() {
    closed = true;
    try {
      // while it listens nobody else can have taken the path
      Files.deleteIfExists(path);
    } catch (IOException e) {
      log.warn("event=close-failed cause=\"{}\"", e.getMessage());
    }
    listener.shutDown();
    connections.forEach(Connection::end);
    try {
      acceptor.join(HELLO_PATIENCE);
      for (Connection connection : connections) {
        connection.thread.join(HELLO_PATIENCE);
      }
      listener.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void accept() {
    while (!closed) {
      try {
        slots.acquire();
        Connection connection = new Connection(listener.accept());
        connections.add(connection);
        connection.thread.start();
      } catch (IOException e) {
        slots.release();
        if (!closed) {
          log.warn("event=shm-not-accepted cause=\"{}\"", e.getMessage());
          // what can't be accepted for want of descriptors can't be in the same moment either
          LockSupport.parkNanos(ACCEPT_PAUSE_NANOS);
        }
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private void serve(Connection connection) throws IOException {
    MemorySocket socket = connection.socket;
    socket.setPatience(HELLO_PATIENCE);
    byte purpose;
    Optional<Session> session = Optional.empty();
    try (MemorySocket.Message message = socket.receive()) {
      ByteBuffer hello = message.bytes();
      if (hello.remaining() != Messages.HELLO) {
        return;
      }
      purpose = hello.get();
      session = sessions.find(Ticket.read(hello));
    }
    Runnable end = connection::end;
    if (session.isEmpty()
        || !(purpose == Messages.READ
            ? session.get().addReader(end)
            : session.get().addWriter(end))) {
      socket.send(Messages.end(Messages.REFUSED));
      return;
    }
    try {
      if (purpose == Messages.READ) {
        for (Region region : regions.geometry().regions()) {
          socket.send(Messages.region(region.number(), region.size()), region.memory());
        }
      } else {
        Optional<SharedMemory> staging = session.get().staging();
        if (staging.isPresent()) {
          socket.send(Messages.region(0, staging.get().segment().byteSize()), staging.get());
        }
      }
      socket.send(Messages.end(Messages.DONE));
      awaitEnd(socket);
    } finally {
      session.get().remove(end);
    }
  }

  /** Until the client goes, or is told to. */
  private static void awaitEnd(MemorySocket socket) throws IOException {
    socket.setPatience(Duration.ZERO);
    socket.receive().close();
  }
}
