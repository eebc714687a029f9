package io.imageharbour.pool.transport.rdma;

import com.ibm.disni.verbs.IbvCQ;
import com.ibm.disni.verbs.IbvMr;
import com.ibm.disni.verbs.IbvPd;
import com.ibm.disni.verbs.IbvQP;
import com.ibm.disni.verbs.IbvQPInitAttr;
import com.ibm.disni.verbs.RdmaCmId;
import io.imageharbour.pool.linux.SharedMemory;
import io.imageharbour.pool.transport.Offer.RemoteRegion;
import io.imageharbour.pool.transport.Session;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An agent's end of a client's connection. Nothing is ever posted to its queue pair: it is there
 * for the device to answer. Safe for use by several threads.
 */
final class ServedConnection {

  private static final Logger log = LoggerFactory.getLogger(ServedConnection.class);

  private static final int WRITABLE = IbvMr.IBV_ACCESS_LOCAL_WRITE | IbvMr.IBV_ACCESS_REMOTE_WRITE;

  private final RdmaCmId id;
  private final Session session;
  private final Runnable forget;
  private final Runnable end = this::end;
  private final Undo undo = new Undo();
  private boolean ended;
  private boolean accepted;

  /**
   * A connection that was asked for.
   *
   * @param forget called once, when it has ended and everything is given back
   */
  ServedConnection(RdmaCmId id, Session session, Runnable forget) {
    this.id = id;
    this.session = session;
    this.forget = forget;
    undo.add("connection id", id::destroyId);
  }

  /**
   * Accepts it for reading, if the session lasts.
   *
   * @param domain that the regions are registered in
   * @param idle completion queue, which every queue pair must have
   */
  synchronized boolean acceptReader(IbvPd domain, IbvCQ idle) throws IOException {
    if (!session.addReader(end)) {
      return false;
    }
    accept(domain, idle, Messages.NO_STAGING);
    return accepted;
  }

  /** Accepts it for writing, if the session lasts and has staging memory. */
  synchronized boolean acceptWriter(IbvCQ idle) throws IOException {
    if (!session.addWriter(end)) {
      return false;
    }
    SharedMemory staging = session.staging().orElse(null);
    if (ended || staging == null) {
      return false;
    }
    IbvPd domain = id.getVerbs().allocPd();
    undo.add("protection domain", domain::deallocPd);
    IbvMr region = RegisteredRegions.register(domain, staging.segment(), WRITABLE);
    undo.add("staging memory", () -> Connection.deregister(region));
    accept(domain, idle, RegisteredRegions.remote(region));
    return accepted;
  }

  private void accept(IbvPd domain, IbvCQ idle, RemoteRegion staging) throws IOException {
    if (ended) {
      return;
    }
    IbvQPInitAttr attributes = new IbvQPInitAttr();
    attributes.cap().setMax_send_wr(1);
    attributes.cap().setMax_recv_wr(1);
    attributes.setQp_type(IbvQP.IBV_QPT_RC);
    attributes.setSend_cq(idle);
    attributes.setRecv_cq(idle);
    IbvQP qp = id.createQP(domain, attributes);
    undo.add("queue pair", () -> qp.isOpen() ? id.destroyQP() : 0);
    PrivateData.accept(id, Messages.answer(staging));
    accepted = true;
  }

  /**
   * Ends it; the device does not touch memory for it any more when this returns. Without having
   * accepted it, this refuses it.
   */
  void end() {
    session.remove(end);
    synchronized (this) {
      if (ended) {
        return;
      }
      ended = true;
      if (accepted) {
        try {
          int unused = id.disconnect();
        } catch (IOException e) {
          log.debug("event=rdma-not-disconnected cause=\"{}\"", e.getMessage());
        }
      }
      undo.run();
      forget.run();
    }
  }
}
