package io.imageharbour.pool.transport.rdma;

import com.ibm.disni.verbs.RdmaEventChannel;
import io.imageharbour.pool.transport.TransportException;
import java.io.IOException;

/** This machine can't do RDMA; the message says what it lacks. */
public final class RdmaUnavailableException extends TransportException {

  private static final long serialVersionUID = 1;

  private RdmaUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }

  /** Returns when there are the native library and the kernel's part. */
  static void check() throws RdmaUnavailableException {
    try {
      int unused = RdmaEventChannel.createEventChannel().destroyEventChannel();
    } catch (LinkageError e) {
      throw new RdmaUnavailableException(
          "no RDMA: libdisni.so or rdma-core's libraries can't be loaded; on Debian rdma-core,"
              + " libibverbs1 and librdmacm1 bring the latter: "
              + e.getMessage(),
          e);
    } catch (IOException e) {
      throw new RdmaUnavailableException(
          "no RDMA: the kernel has no RDMA device, or not its module rdma_ucm: " + e.getMessage(),
          e);
    }
  }
}
