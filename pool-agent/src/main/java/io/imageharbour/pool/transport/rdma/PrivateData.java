package io.imageharbour.pool.transport.rdma;

import com.ibm.disni.verbs.RdmaCmId;
import com.ibm.disni.verbs.impl.NatCmaIdPrivate;
import java.io.IOException;

/**
 * The data that goes along with requests to connect and answers to them, which DiSNI leaves out.
 * Needs {@code libdisni} to be loaded.
 */
final class PrivateData {

  private PrivateData() {}

  /** What the other end sent with its request or answer, padded with zeros; empty for nothing. */
  static byte[] receivedBy(RdmaCmId id) throws IOException {
    return received(((NatCmaIdPrivate) id).getObjId());
  }

  /**
   * Accepts a connection.
   *
   * @param answer at most 148 bytes, which the network's messages have room for
   */
  static void accept(RdmaCmId id, byte[] answer) throws IOException {
    accept(((NatCmaIdPrivate) id).getObjId(), answer);
  }

  private static native byte[] received(long id) throws IOException;

  private static native void accept(long id, byte[] answer) throws IOException;
}
