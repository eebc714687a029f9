package io.imageharbour.pool.transport.rdma;

import com.ibm.disni.verbs.IbvCQ;
import com.ibm.disni.verbs.IbvCompChannel;
import com.ibm.disni.verbs.IbvContext;
import com.ibm.disni.verbs.IbvPd;
import com.ibm.disni.verbs.RdmaCm;
import com.ibm.disni.verbs.RdmaCmEvent;
import com.ibm.disni.verbs.RdmaCmEvent.EventType;
import com.ibm.disni.verbs.RdmaCmId;
import com.ibm.disni.verbs.RdmaEventChannel;
import com.ibm.disni.verbs.impl.NatIbvContext;
import io.imageharbour.pool.memory.Regions;
import io.imageharbour.pool.transport.Offer;
import io.imageharbour.pool.transport.Session;
import io.imageharbour.pool.transport.Sessions;
import io.imageharbour.pool.transport.TransportException;
import io.imageharbour.pool.transport.TransportServer;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets clients read the regions, and write into staging memory, by RDMA. A thread accepts
 * connections and hears of their end; reading and writing takes none.
 */
public final class RdmaServer implements TransportServer {

  private static final Logger log = LoggerFactory.getLogger(RdmaServer.class);

  private static final int MAX_CONNECTIONS = 1024;
  private static final int BACKLOG = 64;
  private static final int LOOK_MILLIS = 100;
  private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(5);

  private final Regions regions;
  private final Sessions sessions;
  private final Undo undo = new Undo();
  private final RdmaEventChannel events;
  private final List<String> addresses = new ArrayList<>();
  private final int port;
  private final IbvPd domain;
  private final IbvCQ idle;
  private final RegisteredRegions registered;
  private final Map<RdmaCmId, ServedConnection> connections = new ConcurrentHashMap<>();
  private final Thread acceptor;
  private volatile boolean closed;

  /**
   * Begins to serve.
   *
   * @param addresses to listen on, at least one; IPv4 addresses of one RDMA device
   * @param port for all of them; 0 takes a free one
   * @throws IOException if there is no RDMA here, or an address can't be listened on
   */
  public RdmaServer(List<InetAddress> addresses, int port, Regions regions, Sessions sessions)
      throws IOException {
    RdmaUnavailableException.check();
    this.regions = regions;
    this.sessions = sessions;
    try {
      events = RdmaEventChannel.createEventChannel();
      undo.add("event channel", events::destroyEventChannel);
      List<RdmaCmId> listeners = new ArrayList<>();
      int common = port;
      for (InetAddress address : addresses) {
        RdmaCmId listener = listen(new InetSocketAddress(address, common));
        common = ((InetSocketAddress) listener.getSource()).getPort();
        listeners.add(listener);
        this.addresses.add(address.getHostAddress());
      }
      this.port = common;
      IbvContext device = device(listeners);
      domain = device.allocPd();
      undo.add("protection domain", domain::deallocPd);
      IbvCompChannel channel = device.createCompChannel();
      undo.add("completion channel", channel::destroyCompChannel);
      idle = device.createCQ(channel, 1, 0);
      undo.add("completion queue", idle::destroyCQ);
      registered = new RegisteredRegions(domain);
      regions.listen(registered);
    } catch (IOException | RuntimeException | Error e) {
      undo.run();
      throw e;
    }
    acceptor = Thread.ofPlatform().daemon().name("rdma-accept").start(this::accept);
  }

  private RdmaCmId listen(InetSocketAddress address) throws IOException {
    if (!(address.getAddress() instanceof Inet4Address)) {
      throw new TransportException("RDMA takes IPv4 addresses, not " + address);
    }
    RdmaCmId listener = events.createId(RdmaCm.RDMA_PS_TCP);
    undo.add("listener", listener::destroyId);
    try {
      listener.bindAddr(address);
      listener.listen(BACKLOG);
    } catch (IOException e) {
      throw new TransportException(
          "cannot listen on %s by RDMA: %s".formatted(address, e.getMessage()), e);
    }
    return listener;
  }

  private static IbvContext device(List<RdmaCmId> listeners) throws IOException {
    Set<Long> devices = new HashSet<>();
    for (RdmaCmId listener : listeners) {
      IbvContext device = listener.getVerbs();
      if (device == null) {
        throw new TransportException(
            "%s is the address of no RDMA device".formatted(listener.getSource()));
      }
      devices.add(((NatIbvContext) device).getObjId());
    }
    if (devices.size() != 1) {
      throw new TransportException(
          "the addresses for RDMA are of %d devices, and must be of one".formatted(devices.size()));
    }
    return listeners.getFirst().getVerbs();
  }

  /** How many clients' connections there are. */
  int connections() {
    return connections.size();
  }

  @Override
  public Offer offer(Session session) {
    return new Offer.RdmaOffer(addresses, port, session.ticket(), registered.offer());
  }

  @Override
  public void close() {
    closed = true;
    try {
      if (!acceptor.join(CLOSE_PATIENCE)) {
        log.warn("event=rdma-accept-does-not-end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    connections.values().forEach(ServedConnection::end);
    regions.unlisten(registered);
    registered.close();
    undo.run();
  }

  private void accept() {
    while (!closed) {
      try {
        RdmaCmEvent event = events.getCmEvent(LOOK_MILLIS);
        if (event != null && event.getConnIdPriv() != null) {
          handle(EventType.values()[event.getEvent()], event.getConnIdPriv());
        }
      } catch (IOException | RuntimeException e) {
        log.warn("event=rdma-connection-failed cause=\"{}\"", e.toString());
      }
    }
  }

  private void handle(EventType type, RdmaCmId id) throws IOException {
    switch (type) {
      case RDMA_CM_EVENT_CONNECT_REQUEST -> request(id);
      case RDMA_CM_EVENT_ESTABLISHED -> {}
      // it has ended, or it will not begin
      default -> end(id);
    }
  }

  private void request(RdmaCmId id) throws IOException {
    Optional<Messages.Request> request = Messages.request(PrivateData.receivedBy(id));
    Optional<Session> session = request.flatMap(said -> sessions.find(said.ticket()));
    if (session.isEmpty() || connections.size() >= MAX_CONNECTIONS) {
      log.debug("event=rdma-client-refused known={}", session.isPresent());
      int unused = id.destroyId();
      return;
    }
    // it may end without an event: with its session, or when staging memory is taken back
    ServedConnection connection =
        new ServedConnection(id, session.get(), () -> connections.remove(id));
    connections.put(id, connection);
    boolean accepted = false;
    try {
      accepted =
          request.get().purpose() == Messages.READ
              ? connection.acceptReader(domain, idle)
              : connection.acceptWriter(idle);
    } finally {
      if (!accepted) {
        end(id);
      }
    }
  }

  private void end(RdmaCmId id) {
    ServedConnection connection = connections.get(id);
    if (connection != null) {
      connection.end();
    }
  }
}
