package io.imageharbour.fusefs.kernel;

import io.imageharbour.fusefs.linux.Errno;
import io.imageharbour.fusefs.linux.LinuxException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Threads that read requests from a {@link FuseConnection} and give them to a {@link
 * RequestHandler}, until the file system is unmounted.
 */
public final class FuseSession implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(FuseSession.class);

  private final FuseConnection connection;
  private final RequestHandler handler;
  private final List<Thread> readers = new ArrayList<>();

  private FuseSession(FuseConnection connection, RequestHandler handler) {
    this.connection = connection;
    this.handler = handler;
  }

  /** Starts {@code readers} threads. The session owns the connection from now on. */
  public static FuseSession start(FuseConnection connection, int readers, RequestHandler handler) {
    FuseSession session = new FuseSession(connection, handler);
    for (int i = 0; i < readers; i++) {
      // platform threads: a read(2) of /dev/fuse holds its carrier thread for as long as it waits
      session.readers.add(
          Thread.ofPlatform().daemon().name("fuse-reader-" + i).unstarted(session::serve));
    }
    session.readers.forEach(Thread::start);
    return session;
  }

  /**
   * Waits until the readers have seen the end of the mount.
   *
   * @return whether they have; they don't while somebody still uses a mount that was detached
   */
  public boolean awaitEnd(Duration timeout) throws InterruptedException {
    long deadline = System.nanoTime() + timeout.toNanos();
    for (Thread reader : readers) {
      if (!reader.join(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())))) {
        return false;
      }
    }
    return true;
  }

  /** Closes the connection. */
  @Override
  public void close() {
    connection.close();
  }

  private void serve() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(FuseConnection.REQUEST_BYTES, Long.BYTES);
      boolean mounted = true;
      while (mounted) {
        mounted = serveNext(buffer);
      }
    }
  }

  /** Whether there may be another request. */
  private boolean serveNext(MemorySegment buffer) {
    try {
      dispatch(connection.receive(buffer));
      return true;
    } catch (LinuxException e) {
      if (isTransient(e)) {
        return true;
      }
      logEnd(e);
      return false;
    } catch (OutOfMemoryError e) {
      // there was too little even to log it; without readers the mount would hang for ever
      return true;
    }
  }

  /** Handles one request; whatever is in it, the loop goes on. */
  void dispatch(MemorySegment request) {
    try {
      RequestParser.checkHeader(request);
    } catch (MalformedRequestException e) {
      log.warn("event=malformed-request cause=\"{}\"", e.getMessage());
      return;
    }
    FuseReply reply = new FuseReply(connection, RequestParser.unique(request));
    try {
      FuseRequest parsed = RequestParser.parse(request);
      if (parsed instanceof FuseRequest.Unsupported) {
        reply.error(Errno.ENOSYS);
      } else {
        handler.handle(parsed, reply);
      }
    } catch (MalformedRequestException e) {
      log.warn("event=malformed-request cause=\"{}\"", e.getMessage());
      reply.error(Errno.EINVAL);
    } catch (RuntimeException | Error e) {
      // a bug in a handler, or too little memory, costs that one request, not the mount
      if (RequestParser.isAnswered(RequestParser.operation(request)) && !reply.isAnswered()) {
        reply.error(Errno.EIO);
      }
      log.error("event=request-failed operation={}", RequestParser.operation(request), e);
    }
  }

  /** The kernel says ENOENT when the request was withdrawn while it was being read. */
  private static boolean isTransient(LinuxException e) {
    return switch (e.errno()) {
      case Errno.ENOENT, Errno.EINTR, Errno.EAGAIN -> true;
      default -> false;
    };
  }

  private static void logEnd(LinuxException e) {
    if (e.errno() == Errno.ENODEV) {
      log.debug("event=fuse-reader-ended cause=unmounted");
    } else {
      log.error("event=fuse-reader-ended cause=\"{}\"", e.getMessage());
    }
  }
}
