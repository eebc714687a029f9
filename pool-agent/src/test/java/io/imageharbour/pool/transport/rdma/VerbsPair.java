package io.imageharbour.pool.transport.rdma;

import com.ibm.disni.verbs.RdmaCm;
import com.ibm.disni.verbs.RdmaCmEvent;
import com.ibm.disni.verbs.RdmaCmEvent.EventType;
import com.ibm.disni.verbs.RdmaCmId;
import com.ibm.disni.verbs.RdmaConnParam;
import com.ibm.disni.verbs.RdmaEventChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

/** Two connected ends in one process. */
record VerbsPair(
    RdmaEventChannel clientEvents,
    RdmaEventChannel serverEvents,
    RdmaCmId listener,
    VerbsEnd client,
    VerbsEnd server)
    implements AutoCloseable {

  private static final int RESOLVE_TIMEOUT_MILLIS = 5_000;

  static VerbsPair connect(InetAddress host) throws IOException {
    RdmaEventChannel serverEvents = RdmaEventChannel.createEventChannel();
    RdmaCmId listener = serverEvents.createId(RdmaCm.RDMA_PS_TCP);
    listener.bindAddr(new InetSocketAddress(host, 0));
    listener.listen(1);
    SocketAddress address = listener.getSource();

    RdmaEventChannel clientEvents = RdmaEventChannel.createEventChannel();
    RdmaCmId id = clientEvents.createId(RdmaCm.RDMA_PS_TCP);
    id.resolveAddr(null, address, RESOLVE_TIMEOUT_MILLIS);
    expect(clientEvents, EventType.RDMA_CM_EVENT_ADDR_RESOLVED);
    id.resolveRoute(RESOLVE_TIMEOUT_MILLIS);
    expect(clientEvents, EventType.RDMA_CM_EVENT_ROUTE_RESOLVED);
    VerbsEnd client = new VerbsEnd(clientEvents, id);
    id.connect(parameters());

    RdmaCmEvent request = expect(serverEvents, EventType.RDMA_CM_EVENT_CONNECT_REQUEST);
    VerbsEnd server = new VerbsEnd(serverEvents, request.getConnIdPriv());
    server.id().accept(parameters());
    expect(clientEvents, EventType.RDMA_CM_EVENT_ESTABLISHED);
    expect(serverEvents, EventType.RDMA_CM_EVENT_ESTABLISHED);
    return new VerbsPair(clientEvents, serverEvents, listener, client, server);
  }

  private static RdmaConnParam parameters() throws IOException {
    RdmaConnParam parameters = new RdmaConnParam();
    parameters.setRetry_count((byte) 7);
    parameters.setRnr_retry_count((byte) 7);
    return parameters;
  }

  private static RdmaCmEvent expect(RdmaEventChannel events, EventType expected)
      throws IOException {
    RdmaCmEvent event = VerbsEnd.next(events);
    if (event.getEvent() != expected.ordinal()) {
      throw new IOException(
          "expected %s, got %s".formatted(expected, EventType.values()[event.getEvent()]));
    }
    return event;
  }

  @Override
  public void close() throws Exception {
    // both sides, or the other one waits
    client.id().disconnect();
    server.id().disconnect();
    client.close();
    server.close();
    if (clientEvents.destroyEventChannel() != 0) {
      throw new IOException("the client's event channel could not be closed");
    }
    if (listener.destroyId() != 0 || serverEvents.destroyEventChannel() != 0) {
      throw new IOException("the listener or its event channel could not be closed");
    }
  }
}
