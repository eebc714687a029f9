package io.imageharbour.pool.transport.rdma;

import com.ibm.disni.verbs.IbvCQ;
import com.ibm.disni.verbs.IbvCompChannel;
import com.ibm.disni.verbs.IbvMr;
import com.ibm.disni.verbs.IbvPd;
import com.ibm.disni.verbs.IbvQP;
import com.ibm.disni.verbs.IbvQPInitAttr;
import com.ibm.disni.verbs.IbvWC;
import com.ibm.disni.verbs.RdmaCm;
import com.ibm.disni.verbs.RdmaCmEvent;
import com.ibm.disni.verbs.RdmaCmEvent.EventType;
import com.ibm.disni.verbs.RdmaCmId;
import com.ibm.disni.verbs.RdmaConnParam;
import com.ibm.disni.verbs.RdmaEventChannel;
import com.ibm.disni.verbs.SVCPollCq;
import com.ibm.disni.verbs.SVCReqNotify;
import io.imageharbour.pool.transport.Offer.RdmaOffer;
import io.imageharbour.pool.transport.Offer.RemoteRegion;
import io.imageharbour.pool.transport.TransportException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client's connection to an agent: a queue pair and what it takes, with one region of memory that
 * is registered for it. Its methods are for one thread at a time, except where they say otherwise.
 */
final class Connection {

  private static final Logger log = LoggerFactory.getLogger(Connection.class);

  /** How often a lost packet is sent again; the most that the format has room for. */
  private static final byte RETRIES = 7;

  /** How many completions are taken at once. */
  private static final int BATCH = 32;

  private final Undo undo;
  private final RdmaEventChannel events;
  private final RdmaCmId id;
  private final IbvCompChannel channel;
  private final IbvCQ cq;
  private final IbvQP qp;
  private final IbvMr memory;
  private final RemoteRegion staging;
  private final IbvWC[] completed = new IbvWC[BATCH];
  private final SVCPollCq poll;
  private final SVCReqNotify notify;
  private boolean hasQueuePair = true;

  /** Told about work that was completed. */
  @FunctionalInterface
  interface Completion {
    /**
     * Work was completed.
     *
     * @param number of the work request
     * @param status 0 for success, else one of {@code enum ibv_wc_status}
     */
    void completed(long number, int status);
  }

  /**
   * Connects to the first address of the agent that answers; each is given its part of the time.
   *
   * @param purpose one of {@link Messages}
   * @param memory that reads go to or writes come from; stays until {@link #release}
   * @param depth how many work requests may be on their way at once
   * @throws IOException if the agent can't be reached in time, or refuses
   */
  static Connection open(
      RdmaOffer offer, byte purpose, MemorySegment memory, int depth, Duration patience)
      throws IOException {
    long deadline = System.nanoTime() + patience.toNanos();
    IOException failure = new TransportException("the agent offers no address for RDMA");
    int untried = offer.addresses().size();
    for (String address : offer.addresses()) {
      long now = System.nanoTime();
      long part = (deadline - now) / untried--;
      try {
        return new Connection(
            new InetSocketAddress(literal(address), offer.port()),
            Messages.request(purpose, offer.ticket()),
            memory,
            depth,
            now + part);
      } catch (IOException e) {
        failure = e;
      }
    }
    throw failure;
  }

  /** Not looked up: what an agent offers does not make us ask anybody. */
  private static Inet4Address literal(String address) throws TransportException {
    try {
      return Inet4Address.ofLiteral(address);
    } catch (IllegalArgumentException e) {
      throw new TransportException("the agent offers for RDMA what is no IPv4 address", e);
    }
  }

  private Connection(
      InetSocketAddress address, byte[] request, MemorySegment memory, int depth, long deadline)
      throws IOException {
    undo = new Undo();
    try {
      events = RdmaEventChannel.createEventChannel();
      undo.add("event channel", events::destroyEventChannel);
      id = events.createId(RdmaCm.RDMA_PS_TCP);
      undo.add("connection id", id::destroyId);
      id.resolveAddr(null, address, millisUntil(deadline));
      await(EventType.RDMA_CM_EVENT_ADDR_RESOLVED, address, deadline);
      id.resolveRoute(millisUntil(deadline));
      await(EventType.RDMA_CM_EVENT_ROUTE_RESOLVED, address, deadline);
      IbvPd pd = id.getVerbs().allocPd();
      undo.add("protection domain", pd::deallocPd);
      this.memory =
          pd.regMr(memory.address(), (int) memory.byteSize(), IbvMr.IBV_ACCESS_LOCAL_WRITE)
              .execute()
              .free()
              .getMr();
      undo.add("memory region", () -> deregister(this.memory));
      channel = id.getVerbs().createCompChannel();
      undo.add("completion channel", channel::destroyCompChannel);
      cq = id.getVerbs().createCQ(channel, depth, 0);
      undo.add("completion queue", cq::destroyCQ);
      IbvQPInitAttr attributes = new IbvQPInitAttr();
      attributes.cap().setMax_send_wr(depth);
      attributes.cap().setMax_recv_wr(1);
      attributes.setQp_type(IbvQP.IBV_QPT_RC);
      attributes.setSend_cq(cq);
      attributes.setRecv_cq(cq);
      qp = id.createQP(pd, attributes);
      undo.add("queue pair", this::destroyQueuePair);
      for (int i = 0; i < BATCH; i++) {
        completed[i] = new IbvWC();
      }
      poll = cq.poll(completed, BATCH);
      undo.add("buffer", () -> poll.free().isValid() ? 1 : 0);
      notify = cq.reqNotification(false);
      connect(request);
      await(EventType.RDMA_CM_EVENT_ESTABLISHED, address, deadline);
      staging =
          Messages.answer(PrivateData.receivedBy(id))
              .orElseThrow(
                  () -> new TransportException("who answered at " + address + " is no agent"));
    } catch (IOException | RuntimeException | Error e) {
      undo.run();
      throw e;
    }
  }

  private void connect(byte[] request) throws IOException {
    RdmaConnParam parameters = new RdmaConnParam();
    parameters.setRetry_count(RETRIES);
    parameters.setRnr_retry_count(RETRIES);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocateFrom(ValueLayout.JAVA_BYTE, request);
      parameters.setPrivate_data(data.address());
      parameters.setPrivate_data_len((byte) request.length);
      id.connect(parameters);
    }
  }

  private void await(EventType expected, InetSocketAddress address, long deadline)
      throws IOException {
    RdmaCmEvent event = events.getCmEvent(millisUntil(deadline));
    if (event == null) {
      throw new TransportException("no answer by RDMA from %s in time".formatted(address));
    }
    EventType type = EventType.values()[event.getEvent()];
    if (type == EventType.RDMA_CM_EVENT_REJECTED) {
      throw new TransportException(
          "refused by %s: the agent is gone, does not know the ticket any more, or has no place"
              .formatted(address));
    }
    if (type != expected) {
      throw new TransportException("cannot reach %s by RDMA: %s".formatted(address, type));
    }
  }

  /** The queue pair, to post to. */
  IbvQP qp() {
    return qp;
  }

  /** The local key of the memory. */
  int localKey() {
    return memory.getLkey();
  }

  /** What the agent said about staging memory. */
  RemoteRegion staging() {
    return staging;
  }

  /** Takes what is completed, without waiting; answers how much that was. */
  int poll(Completion completion) throws IOException {
    int count = poll.execute().getPolls();
    for (int i = 0; i < count; i++) {
      completion.completed(completed[i].getWr_id(), completed[i].getStatus());
    }
    return count;
  }

  /** Has the next completion wake who waits for an event; one that is there already does not. */
  void requestEvent() throws IOException {
    notify.execute();
  }

  /** Waits for the event of a completion; by any one thread. Whether there was one. */
  boolean awaitEvent(int millis) throws IOException {
    return channel.getCqEvent(cq, millis);
  }

  /** Whether the other end has hung up; asked by any one thread. */
  boolean hasHungUp() throws IOException {
    return events.getCmEvent(0) != null;
  }

  /** Hangs up. Memory is not touched any more when this returns. */
  void hangUp() {
    if (hasQueuePair) {
      try {
        int unused = id.disconnect();
      } catch (IOException e) {
        log.debug("event=rdma-not-disconnected cause=\"{}\"", e.getMessage());
      }
      destroyQueuePair();
    }
  }

  private int destroyQueuePair() {
    if (!hasQueuePair) {
      return 0;
    }
    hasQueuePair = false;
    try {
      return id.destroyQP();
    } catch (IOException e) {
      throw new AssertionError("a queue pair that is open can be closed", e);
    }
  }

  /** Hangs up and gives everything back; nothing may be in use by any thread. */
  void release() {
    hangUp();
    undo.run();
  }

  static int deregister(IbvMr region) throws IOException {
    region.deregMr().execute().free();
    return 0;
  }

  private static int millisUntil(long deadline) {
    return (int) Math.clamp((deadline - System.nanoTime()) / 1_000_000, 1, Integer.MAX_VALUE);
  }
}
