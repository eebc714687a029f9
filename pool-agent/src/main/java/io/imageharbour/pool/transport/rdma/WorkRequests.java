package io.imageharbour.pool.transport.rdma;

import com.ibm.disni.verbs.IbvQP;
import com.ibm.disni.verbs.IbvSendWR;
import com.ibm.disni.verbs.IbvSge;
import com.ibm.disni.verbs.SVCPostSend;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedList;
import java.util.List;

/**
 * Work requests of one kind for one queue pair, made once and used again: a batch is filled in and
 * posted at once. Belongs to one thread at a time.
 */
final class WorkRequests {

  /** The most requests in a batch. */
  static final int MOST = 16;

  /** Batches of so many requests are kept ready: DiSNI can't post a part of one. */
  private static final int[] SIZES = {MOST, 4, 1};

  private final List<SVCPostSend> batches = new ArrayList<>();

  /** Fills in the requests of a batch. */
  @FunctionalInterface
  interface Filler {
    void fill(SVCPostSend.SendWRMod request, int index);
  }

  /**
   * Makes them.
   *
   * @param opcode one of {@link IbvSendWR}
   * @param localKey of the memory that all of them use
   */
  @SuppressWarnings("JdkObsolete") // DiSNI wants a LinkedList
  WorkRequests(IbvQP qp, int opcode, int localKey) throws IOException {
    for (int size : SIZES) {
      List<IbvSendWR> requests = new ArrayList<>();
      for (int i = 0; i < size; i++) {
        IbvSge range = new IbvSge();
        range.setLkey(localKey);
        IbvSendWR request = new IbvSendWR();
        request.setOpcode(opcode);
        request.setSend_flags(IbvSendWR.IBV_SEND_SIGNALED);
        request.setSg_list(new LinkedList<>(List.of(range)));
        request.setNum_sge(1);
        requests.add(request);
      }
      batches.add(qp.postSend(requests, List.of()));
    }
  }

  /**
   * Posts requests, in as few batches as there can be.
   *
   * @param filler called for each index from 0 to {@code count - 1}, in order
   */
  void post(int count, Filler filler) throws IOException {
    int done = 0;
    for (int i = 0; i < SIZES.length; i++) {
      for (; count - done >= SIZES[i]; done += SIZES[i]) {
        SVCPostSend batch = batches.get(i);
        for (int j = 0; j < SIZES[i]; j++) {
          filler.fill(batch.getWrMod(j), done + j);
        }
        batch.execute();
      }
    }
  }

  /** Gives their memory back. */
  void free() {
    batches.forEach(SVCPostSend::free);
  }
}
