package io.imageharbour.pool.transport.rdma;

import com.ibm.disni.verbs.IbvCQ;
import com.ibm.disni.verbs.IbvCompChannel;
import com.ibm.disni.verbs.IbvMr;
import com.ibm.disni.verbs.IbvPd;
import com.ibm.disni.verbs.IbvQP;
import com.ibm.disni.verbs.IbvQPInitAttr;
import com.ibm.disni.verbs.IbvSendWR;
import com.ibm.disni.verbs.IbvSge;
import com.ibm.disni.verbs.IbvWC;
import com.ibm.disni.verbs.RdmaCmEvent;
import com.ibm.disni.verbs.RdmaCmEvent.EventType;
import com.ibm.disni.verbs.RdmaCmId;
import com.ibm.disni.verbs.RdmaEventChannel;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedList;
import java.util.List;

/** One end of a connection, with everything that it takes of its own; for one thread. */
final class VerbsEnd implements AutoCloseable {

  private static final int EVENT_TIMEOUT_MILLIS = 20_000;
  private static final int DEPTH = 16;

  private final RdmaEventChannel events;
  private final RdmaCmId id;
  private final IbvPd pd;
  private final IbvCompChannel completions;
  private final IbvCQ cq;
  private final IbvQP qp;
  private final List<IbvMr> regions = new ArrayList<>();

  VerbsEnd(RdmaEventChannel events, RdmaCmId id) throws IOException {
    this.events = events;
    this.id = id;
    pd = id.getVerbs().allocPd();
    completions = id.getVerbs().createCompChannel();
    cq = id.getVerbs().createCQ(completions, DEPTH, 0);
    IbvQPInitAttr attributes = new IbvQPInitAttr();
    attributes.cap().setMax_send_wr(DEPTH);
    attributes.cap().setMax_recv_wr(1);
    attributes.setQp_type(IbvQP.IBV_QPT_RC);
    attributes.setSend_cq(cq);
    attributes.setRecv_cq(cq);
    qp = id.createQP(pd, attributes);
  }

  RdmaCmId id() {
    return id;
  }

  IbvPd pd() {
    return pd;
  }

  IbvQP qp() {
    return qp;
  }

  EventType nextEvent() throws IOException {
    return EventType.values()[next(events).getEvent()];
  }

  /** The next event, which has to come. */
  static RdmaCmEvent next(RdmaEventChannel events) throws IOException {
    RdmaCmEvent event = events.getCmEvent(EVENT_TIMEOUT_MILLIS);
    if (event == null) {
      throw new IOException("no event in " + EVENT_TIMEOUT_MILLIS + " ms");
    }
    return event;
  }

  IbvMr register(MemorySegment memory, int access) throws IOException {
    IbvMr region =
        pd.regMr(memory.address(), (int) memory.byteSize(), access).execute().free().getMr();
    regions.add(region);
    return region;
  }

  void deregister(IbvMr region) throws IOException {
    regions.remove(region);
    region.deregMr().execute().free();
  }

  @SuppressWarnings("JdkObsolete") // DiSNI wants a LinkedList
  void post(int opcode, IbvMr local, int length, IbvMr remote, int key) throws IOException {
    IbvSge range = new IbvSge();
    range.setAddr(local.getAddr());
    range.setLength(length);
    range.setLkey(local.getLkey());
    LinkedList<IbvSge> ranges = new LinkedList<>(List.of(range));
    IbvSendWR request = new IbvSendWR();
    request.setOpcode(opcode);
    request.setSend_flags(IbvSendWR.IBV_SEND_SIGNALED);
    request.setSg_list(ranges);
    request.setNum_sge(1);
    request.getRdma().setRemote_addr(remote.getAddr());
    request.getRdma().setRkey(key);
    qp.postSend(List.of(request), List.of()).execute().free();
  }

  /** Posts one request and answers the status of its completion. */
  int perform(int opcode, IbvMr local, int length, IbvMr remote, int key) throws IOException {
    post(opcode, local, length, remote, key);
    return awaitCompletion();
  }

  int awaitCompletion() throws IOException {
    IbvWC[] completed = {new IbvWC()};
    var poll = cq.poll(completed, 1);
    try {
      while (poll.execute().getPolls() == 0) {
        Thread.onSpinWait();
      }
      return completed[0].getStatus();
    } finally {
      poll.free();
    }
  }

  void requestNotification() throws IOException {
    cq.reqNotification(false).execute().free();
  }

  boolean awaitCompletionEvent(int timeoutMillis) throws IOException {
    return completions.getCqEvent(cq, timeoutMillis);
  }

  /** Gives everything back; what could not be given back is an exception. */
  @Override
  public void close() throws Exception {
    for (IbvMr region : regions) {
      region.deregMr().execute().free();
    }
    int failures = qp.isOpen() ? id.destroyQP() : 0;
    failures += cq.destroyCQ();
    failures += completions.destroyCompChannel();
    failures += pd.isOpen() ? pd.deallocPd() : 0;
    failures += id.destroyId();
    if (failures != 0) {
      throw new IOException(-failures + " objects could not be closed");
    }
  }
}
