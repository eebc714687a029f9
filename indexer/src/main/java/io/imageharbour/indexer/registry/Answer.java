package io.imageharbour.indexer.registry;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpEntity;

/**
 * What a host answered. Owns the connection until the body was read to its end or this is closed; a
 * body that was not read costs its connection, never a download to the end.
 */
final class Answer implements AutoCloseable {

  private static final int COPY_SIZE = 64 << 10;
  private static final int SHORT_BODY = 1024;

  /** How long a short body may take to save its connection. */
  private static final Duration DRAIN_TIME = Duration.ofMillis(200);

  private final HttpUriRequestBase request;
  private final ClassicHttpResponse response;
  private final URI uri;
  private final OverdueRequests overdue;
  private final InputStream body;
  private boolean ended;

  /**
   * @param overdue cancels the request when a read of the body takes too long
   */
  Answer(HttpUriRequestBase request, ClassicHttpResponse response, URI uri, OverdueRequests overdue)
      throws IOException {
    this.request = request;
    this.response = response;
    this.uri = uri;
    this.overdue = overdue;
    HttpEntity entity = response.getEntity();
    this.body = entity == null ? InputStream.nullInputStream() : entity.getContent();
    this.ended = entity == null;
  }

  int status() {
    return response.getCode();
  }

  /** The address that answered, after redirects. */
  URI uri() {
    return uri;
  }

  Optional<String> header(String name) {
    Header header = response.getFirstHeader(name);
    return header == null ? Optional.empty() : Optional.ofNullable(header.getValue());
  }

  List<String> headers(String name) {
    List<String> values = new ArrayList<>();
    for (Header header : response.getHeaders(name)) {
      if (header.getValue() != null) {
        values.add(header.getValue());
      }
    }
    return values;
  }

  /** The length that the header promises. */
  OptionalLong contentLength() {
    Optional<String> length = header("Content-Length");
    if (length.isEmpty() || !length.get().matches("[0-9]{1,18}")) {
      return OptionalLong.empty();
    }
    return OptionalLong.of(Long.parseLong(length.get()));
  }

  /**
   * Reads what has arrived, at least one byte; -1 at the end of the body.
   *
   * @throws SocketTimeoutException if nothing came by the deadline. One read of a chunked body may
   *     take any number of reads of the socket, so a host could hold the thread without it.
   */
  int read(byte[] target, int offset, int length, Deadline deadline) throws IOException {
    overdue.watch(request, deadline);
    try {
      int read = body.read(target, offset, length);
      if (read < 0) {
        ended = true;
      }
      return read;
    } catch (IOException e) {
      if (deadline.passed() && !(e instanceof InterruptedIOException)) {
        SocketTimeoutException timeout = tooSlow();
        timeout.initCause(e);
        throw timeout;
      }
      throw e;
    } finally {
      overdue.forget(request);
    }
  }

  /**
   * Fills {@code target} with the rest of the body.
   *
   * @throws HostFailure if more than that follows
   */
  void readLast(byte[] target, Deadline deadline) throws IOException {
    readFully(target, deadline);
    if (read(new byte[1], 0, 1, deadline) >= 0) {
      throw new HostFailure(
          HostFailure.Kind.WRONG_CONTENT,
          "answered with more than the %d bytes asked for".formatted(target.length));
    }
  }

  /** Fills {@code target} from the body. */
  void readFully(byte[] target, Deadline deadline) throws IOException {
    int filled = 0;
    while (filled < target.length) {
      int read = read(target, filled, target.length - filled, deadline);
      if (read < 0) {
        throw new EOFException("%d of %d bytes came".formatted(filled, target.length));
      }
      filled += read;
      requireTime(deadline);
    }
  }

  /** Skips bytes of the body. */
  void skip(long count, Deadline deadline) throws IOException {
    byte[] skipped = new byte[(int) Math.min(COPY_SIZE, count)];
    long left = count;
    while (left > 0) {
      int read = read(skipped, 0, (int) Math.min(skipped.length, left), deadline);
      if (read < 0) {
        throw new EOFException("%d of %d bytes came".formatted(count - left, count));
      }
      left -= read;
      requireTime(deadline);
    }
  }

  /** The body as far as {@code max} bytes; one byte more than that when there is more. */
  byte[] readUpTo(int max, Deadline deadline) throws IOException {
    byte[] bytes = new byte[Math.min(max + 1, 8 << 10)];
    int filled = 0;
    while (filled <= max) {
      if (filled == bytes.length) {
        bytes = Arrays.copyOf(bytes, Math.min(max + 1, 2 * bytes.length));
      }
      int read = read(bytes, filled, bytes.length - filled, deadline);
      if (read < 0) {
        break;
      }
      filled += read;
      requireTime(deadline);
    }
    return Arrays.copyOf(bytes, filled);
  }

  private static void requireTime(Deadline deadline) throws SocketTimeoutException {
    if (deadline.passed()) {
      throw tooSlow();
    }
  }

  private static SocketTimeoutException tooSlow() {
    return new SocketTimeoutException("the answer is too slow");
  }

  /** Gives the connection back if the body is at its end or nearly so, and closes it otherwise. */
  @Override
  public void close() {
    try {
      if (!ended && contentLength().orElse(Long.MAX_VALUE) <= SHORT_BODY) {
        drain();
      }
    } catch (IOException e) {
      // Whoever wanted this body has it already; only the connection is lost.
    } finally {
      if (!ended) {
        ended = true;
        request.cancel();
      }
    }
  }

  private void drain() throws IOException {
    Deadline deadline = Deadline.in(DRAIN_TIME);
    byte[] rest = new byte[SHORT_BODY];
    while (!ended) {
      read(rest, 0, rest.length, deadline);
      requireTime(deadline);
    }
  }

  @Override
  public String toString() {
    return status() + " from " + Origin.of(uri);
  }
}
