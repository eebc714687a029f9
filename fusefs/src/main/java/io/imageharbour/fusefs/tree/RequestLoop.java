package io.imageharbour.fusefs.tree;

import static io.imageharbour.fusefs.kernel.FuseProtocol.IN_HEADER;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.imageharbour.fusefs.kernel.FuseProtocol;
import io.imageharbour.fusefs.linux.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the requests of one mount and has libfuse answer each on the thread that read it. As in
 * libfuse's own loop there is a thread that waits for the next request, but here their number is
 * bounded: of requests that may wait for bytes only so many are answered at once ({@link
 * SlowRequests}), and a few threads are left for those that need none.
 */
final class RequestLoop {

  private static final Logger log = LoggerFactory.getLogger(RequestLoop.class);

  private static final long LENGTH = FuseProtocol.offset(IN_HEADER, "len");
  private static final long OPCODE = FuseProtocol.offset(IN_HEADER, "opcode");

  /** Threads for requests that need no bytes. */
  private static final int READERS = 4;

  /** When more threads than this wait for requests, some end. */
  private static final int MAX_IDLE = 8;

  /** Much more than any request needs; only what is used becomes resident. */
  private static final long STACK_BYTES = 512 << 10;

  private final LibFuse library;
  private final long session;
  private final long channel;
  private final SlowRequests slow;
  private final int maxThreads;
  private final Runnable afterEnd;

  /** Guarded by this. */
  private int threads;

  /** Threads that wait for a request, or will in a moment; guarded by this. */
  private int idle;

  /** Whether the mount is gone; guarded by this. */
  private boolean ended;

  /**
   * A loop for a session of libfuse with one channel.
   *
   * @param maxWaiting requests that may wait for bytes at once
   * @param afterEnd called once, when the mount is gone and no request is left
   */
  RequestLoop(LibFuse library, long session, long channel, int maxWaiting, Runnable afterEnd) {
    this.library = library;
    this.session = session;
    this.channel = channel;
    this.afterEnd = afterEnd;
    slow = new SlowRequests(maxWaiting);
    maxThreads = maxWaiting + READERS;
  }

  /** Begins to serve. */
  synchronized void start() {
    Thread.ofPlatform()
        .daemon()
        .name("tree-request")
        .stackSize(STACK_BYTES)
        .start(this::answerRequests);
    threads++;
    idle++;
  }

  private void answerRequests() {
    boolean waiting = true;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(FuseProtocol.MIN_READ_BUFFER, Long.BYTES);
      MemorySegment place = arena.allocate(ADDRESS);
      do {
        place.set(JAVA_LONG, 0, channel);
        int length = library.fuse_chan_recv(place.address(), buffer.address(), buffer.byteSize());
        waiting = false;
        seeToTheNext();
        if (length > 0) {
          answer(buffer, length);
        } else if (length != -Errno.EINTR && length != -Errno.EAGAIN) {
          end();
        }
        waiting = isStillWanted();
      } while (waiting);
    } finally {
      if (isLast(waiting)) {
        afterEnd.run();
      }
    }
  }

  /** Answers the request that is in a buffer, and then those that were held for it. */
  private void answer(MemorySegment buffer, int received) {
    MemorySegment request = buffer.asSlice(0, received);
    switch (request.get(JAVA_INT, OPCODE)) {
      case FuseProtocol.OPEN, FuseProtocol.READ -> {
        int length = slow.begin(request) ? received : 0;
        while (length > 0) {
          process(buffer, length);
          length = slow.next(SlowRequests.unique(buffer), buffer);
        }
      }
      case FuseProtocol.INTERRUPT -> interrupt(request, buffer);
      default -> process(buffer, received);
    }
  }

  private void process(MemorySegment buffer, int length) {
    library.fuse_session_process(session, buffer.address(), length, channel);
  }

  private void interrupt(MemorySegment request, MemorySegment buffer) {
    long unique = SlowRequests.unique(request);
    switch (slow.interrupt(request.get(JAVA_LONG, IN_HEADER.byteSize()), buffer)) {
      case ANSWER -> {
        // who asks for bytes when it is interrupted already does not wait for them
        Thread.currentThread().interrupt();
        process(buffer, buffer.get(JAVA_INT, LENGTH));
        boolean unused = Thread.interrupted();
      }
      case REPEAT -> answerError(unique, Errno.EAGAIN);
      case NOTHING -> {}
    }
  }

  private void answerError(long unique, int errno) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment header = arena.allocate(FuseProtocol.OUT_HEADER);
      header.set(JAVA_INT, 0, (int) header.byteSize());
      header.set(JAVA_INT, Integer.BYTES, -errno);
      header.set(JAVA_LONG, Long.BYTES, unique);
      MemorySegment vector = arena.allocate(ADDRESS, 2);
      vector.setAtIndex(ADDRESS, 0, header);
      vector.setAtIndex(JAVA_LONG, 1, header.byteSize());
      int unused = library.fuse_chan_send(channel, vector.address(), 1);
    }
  }

  /** This thread has a request: lets another wait for the next one. */
  private synchronized void seeToTheNext() {
    idle--;
    if (idle == 0 && threads < maxThreads && !ended) {
      try {
        start();
      } catch (OutOfMemoryError e) {
        // this thread goes on when it has answered
        log.warn("event=no-thread-for-requests threads={} cause=\"{}\"", threads, e.getMessage());
      }
    }
  }

  private synchronized boolean isStillWanted() {
    if (ended || idle >= MAX_IDLE) {
      return false;
    }
    idle++;
    return true;
  }

  /** The kernel has no more requests, and nobody waits for answers. */
  private synchronized void end() {
    if (!ended) {
      ended = true;
      slow.end();
    }
  }

  /** {@code waiting} says whether the thread that ends counts as one that waits. */
  private synchronized boolean isLast(boolean waiting) {
    if (waiting) {
      idle--;
    }
    threads--;
    return threads == 0;
  }
}
