package io.imageharbour.pool.transport.rdma;

import com.ibm.disni.verbs.IbvSendWR;
import io.imageharbour.pool.memory.Span;
import io.imageharbour.pool.transport.BufferPool;
import io.imageharbour.pool.transport.MemoryGoneException;
import io.imageharbour.pool.transport.Offer.RemoteRegion;
import io.imageharbour.pool.transport.ReadChannel;
import io.imageharbour.pool.transport.RemoteRead;
import io.imageharbour.pool.transport.TransportException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Reads by one-sided READs over one queue pair. Who waits takes completions itself for a while,
 * which is fastest; then it has a thread woken for that, which sleeps otherwise.
 *
 * <p>A read that fails ends the connection, as reliable connections do.
 */
final class RdmaReads implements ReadChannel {

  /** A READ of a page takes some microseconds on a real network; waking a thread takes longer. */
  private static final long SPIN_NANOS = 500_000;

  /** How soon a disconnect is noticed that no read runs into. */
  private static final int LOOK_MILLIS = 100;

  private static final int SUCCESS = 0;

  private final Connection connection;
  private final Map<Integer, RemoteRegion> regions;
  private final BufferPool buffers;
  private final long memory;
  private final WorkRequests requests;

  /** Held to post; taken before the other one. */
  private final ReentrantLock posting = new ReentrantLock();

  /** Held to take completions. */
  private final ReentrantLock polling = new ReentrantLock();

  /** By the number of the buffer, which is that of the work request. */
  private final AtomicReferenceArray<@Nullable RemoteRead> reads =
      new AtomicReferenceArray<>(BufferPool.BUFFERS);

  private final Combiner<RemoteRead> posts = new Combiner<>(posting, WorkRequests.MOST, this::post);

  private final AtomicInteger onTheirWay = new AtomicInteger();
  private volatile boolean open = true;
  private boolean brokenOff;

  /** Takes the connection and the buffers over. */
  RdmaReads(Connection connection, Map<Integer, RemoteRegion> regions, BufferPool buffers)
      throws IOException {
    this.connection = connection;
    this.regions = Map.copyOf(regions);
    this.buffers = buffers;
    memory = buffers.memory().address();
    requests = new WorkRequests(connection.qp(), IbvSendWR.IBV_WR_RDMA_READ, connection.localKey());
    Thread unused = Thread.ofPlatform().daemon().name("pool-rdma").start(this::watch);
  }

  @Override
  public RemoteRead prepare(Span span, Duration patience)
      throws TransportException, InterruptedException {
    RemoteRegion region = regions.get(span.region());
    if (region == null) {
      throw new MemoryGoneException(span + " is in memory that the agent has not registered");
    }
    if (!span.isWithin(region.size())) {
      throw new TransportException(span + " is not in the memory that the agent has registered");
    }
    return new RemoteRead(span, buffers.take(span, patience));
  }

  @Override
  public void start(List<RemoteRead> all) throws TransportException {
    if (!open) {
      throw new TransportException("the connection to the agent is closed");
    }
    all.forEach(read -> region(read.span()));
    all.forEach(RemoteRead::start);
    // before anybody waits for them: whoever takes completions goes on while there are any to come
    int unused = onTheirWay.addAndGet(all.size());
    posts.add(all);
  }

  /** With the lock held. */
  private void post(List<RemoteRead> batch) {
    if (brokenOff) {
      batch.forEach(read -> read.fail("the connection to the agent is closed"));
      return;
    }
    for (RemoteRead read : batch) {
      reads.set(read.buffer().number(), read);
    }
    try {
      requests.post(
          batch.size(),
          (request, i) -> {
            RemoteRead read = batch.get(i);
            Span span = read.span();
            RemoteRegion region = region(span);
            request.setWr_id(read.buffer().number());
            request.getSgeMod(0).setAddr(memory + read.buffer().offset());
            request.getSgeMod(0).setLength(span.length());
            request.getRdmaMod().setRemote_addr(region.address() + span.offset());
            request.getRdmaMod().setRkey(region.key());
          });
    } catch (IOException e) {
      breakOff("could not send to the agent: " + e.getMessage());
    } catch (RuntimeException | Error e) {
      breakOff("could not send to the agent: " + e);
      throw e;
    }
  }

  private RemoteRegion region(Span span) {
    RemoteRegion region = regions.get(span.region());
    if (region == null) {
      throw new IllegalArgumentException(span + " was not prepared here");
    }
    return region;
  }

  @Override
  public void await(RemoteRead read, Duration patience)
      throws TransportException, InterruptedException {
    long begin = System.nanoTime();
    long spin = Math.min(SPIN_NANOS, patience.toNanos());
    try {
      while (!read.hasEnded() && System.nanoTime() - begin < spin) {
        if (!open || !polling.tryLock()) {
          Thread.onSpinWait();
          continue;
        }
        try {
          int unused = poll();
        } finally {
          polling.unlock();
        }
      }
      if (!read.hasEnded()) {
        requestEvent();
        boolean unused = read.park(patience.toNanos() - (System.nanoTime() - begin));
      }
    } catch (IOException e) {
      open = false;
      throw new TransportException("could not take completions: " + e.getMessage(), e);
    }
    read.requireSuccess();
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public void close() {
    breakOff("the connection to the agent was closed");
  }

  /** With the lock held, and only as long as there is a queue pair. */
  private int poll() throws IOException {
    return brokenOff ? 0 : connection.poll(this::completed);
  }

  private void completed(long number, int status) {
    RemoteRead read = reads.getAndSet((int) number, null);
    if (status != SUCCESS) {
      open = false;
    }
    if (read != null) {
      int unused = onTheirWay.decrementAndGet();
      if (status == SUCCESS) {
        read.succeed();
      } else {
        read.fail("the agent's device did not give %s: status %d".formatted(read.span(), status));
      }
    }
  }

  /** What was completed meanwhile makes no event, so it is taken here. */
  private void requestEvent() throws IOException {
    polling.lock();
    try {
      if (!brokenOff) {
        connection.requestEvent();
        while (poll() > 0) {
          Thread.onSpinWait();
        }
      }
    } finally {
      polling.unlock();
    }
  }

  /** Takes completions when nobody else does, and notices when the other end hangs up. */
  private void watch() {
    String cause = "the connection to the agent was closed";
    try {
      while (open) {
        if (connection.awaitEvent(LOOK_MILLIS)) {
          takeForAWhile();
          if (onTheirWay.get() > 0) {
            requestEvent();
          }
        }
        if (connection.hasHungUp()) {
          cause = "the agent has ended the connection";
          break;
        }
      }
    } catch (IOException e) {
      cause = "the connection to the agent broke: " + e.getMessage();
    } finally {
      breakOff(cause);
      requests.free();
      connection.release();
      buffers.close();
    }
  }

  private void takeForAWhile() throws IOException {
    long last = System.nanoTime();
    while (onTheirWay.get() > 0 && open && System.nanoTime() - last < SPIN_NANOS) {
      polling.lock();
      try {
        if (poll() > 0) {
          last = System.nanoTime();
        }
      } finally {
        polling.unlock();
      }
    }
  }

  /** Hangs up, once; then no buffer is touched any more, and what is on its way has failed. */
  private void breakOff(String cause) {
    open = false;
    posting.lock();
    polling.lock();
    try {
      if (!brokenOff) {
        brokenOff = true;
        connection.hangUp();
        failAll(cause);
      }
    } finally {
      polling.unlock();
      posting.unlock();
    }
    posts.run();
  }

  private void failAll(String cause) {
    for (int i = 0; i < reads.length(); i++) {
      RemoteRead read = reads.getAndSet(i, null);
      if (read != null) {
        read.fail(cause);
      }
    }
  }
}
