package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.registry.HostFailure.Kind;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A part of a blob that is on its way. Its beginning has come; the rest is read from the connection
 * as it is, without another try when that breaks. Belongs to one thread. The bytes are NOT
 * verified.
 */
public final class BlobRange implements Closeable {

  private final byte[] first;
  private final @Nullable Answer answer;
  private Deadline deadline;
  private final Duration latency;
  private long left;
  private long transferred;
  private long transferNanos;

  private BlobRange(
      byte[] first, @Nullable Answer answer, Deadline deadline, Duration latency, long left) {
    this.first = first;
    this.answer = answer;
    this.deadline = deadline;
    this.latency = latency;
    this.left = left;
  }

  /** A range of which nothing but the beginning can be had. */
  static BlobRange ofBeginning(byte[] first) {
    return new BlobRange(first, null, Deadline.in(Duration.ZERO), Duration.ZERO, 0);
  }

  /**
   * Reads the beginning of a range.
   *
   * @param answer has the range as its body; closed if this fails, and with the result
   * @param latency how long the answer took to begin
   */
  static BlobRange begin(
      Answer answer, ContentRange range, int firstLength, Duration latency, Deadline deadline)
      throws IOException {
    try {
      if (answer.contentLength().orElse(range.length()) != range.length()) {
        throw new HostFailure(
            Kind.WRONG_CONTENT,
            "answered with %d bytes instead of %d"
                .formatted(answer.contentLength().getAsLong(), range.length()));
      }
      byte[] first = new byte[firstLength];
      BlobRange opened = new BlobRange(first, answer, deadline, latency, range.length());
      opened.fill(first);
      return opened;
    } catch (Throwable e) {
      // There may be no memory for the beginning.
      answer.close();
      throw e;
    }
  }

  /** Lets the rest of the range take this long from now at most. */
  public void limitRest(Duration duration) {
    deadline = deadline.atMost(duration);
  }

  /** The bytes that the range begins with. */
  public byte[] first() {
    return first;
  }

  /**
   * The next bytes of the range; empty if this registry can't bring more of it with this request.
   *
   * @param length in bytes; all such lengths together are at most the rest of the range
   */
  public Optional<byte[]> next(int length) throws IOException {
    if (length > left) {
      return Optional.empty();
    }
    byte[] bytes = new byte[length];
    fill(bytes);
    return Optional.of(bytes);
  }

  /** From the request to the begin of the answer; zero if there was none. */
  public Duration latency() {
    return latency;
  }

  /** How many bytes were read of the answer's body. */
  public long transferred() {
    return transferred;
  }

  /** How long it took to read them. */
  public Duration transferTime() {
    return Duration.ofNanos(transferNanos);
  }

  private void fill(byte[] bytes) throws IOException {
    if (answer == null) {
      return;
    }
    long begin = System.nanoTime();
    left -= bytes.length;
    if (left == 0) {
      answer.readLast(bytes, deadline);
    } else {
      answer.readFully(bytes, deadline);
    }
    transferNanos += System.nanoTime() - begin;
    transferred += bytes.length;
  }

  /** Gives the connection back if the range was read to its end, and closes it otherwise. */
  @Override
  public void close() {
    if (answer != null) {
      answer.close();
    }
  }
}
