package io.imageharbour.fusefs.kernel;

import io.imageharbour.fusefs.linux.Errno;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Predicate;

/** Serves a mount on the calling thread, and leaves it as it is after a certain request. */
public final class Predecessor {

  private Predecessor() {}

  /** Handles requests up to the first that is the {@code last}. */
  public static void serve(
      FuseConnection connection, RequestHandler handler, Predicate<FuseRequest> last)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(FuseConnection.REQUEST_BYTES, Long.BYTES);
      FuseRequest request;
      do {
        MemorySegment received = connection.receive(buffer);
        FuseReply reply = new FuseReply(connection, RequestParser.unique(received));
        request = RequestParser.parse(received);
        if (request instanceof FuseRequest.Unsupported) {
          reply.error(Errno.ENOSYS);
        } else {
          handler.handle(request, reply);
        }
      } while (!last.test(request));
    }
  }
}
