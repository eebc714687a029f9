package io.imageharbour.fusefs;

import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Somewhere that file contents come from when the content store lacks them: a registry, a memory
 * pool. Sources are asked in order; the next one is asked when this one fails.
 *
 * <p>Implementations are safe for use by many threads at once. They need not verify what they
 * bring: the receiver computes every digest before a byte is used.
 */
public interface ContentSource {

  /** A short name for logs and metrics, such as {@code registry}. */
  String name();

  /**
   * Brings the wanted chunk, or its whole frame, and after it whatever of the following frames came
   * with the same request. Returns when everything has been handed over.
   *
   * @throws IOException if the source can't deliver the chunk after its own retries; the message
   *     says what was tried and what came back
   * @throws InterruptedException if the thread was interrupted while it waited
   */
  void fetch(WantedChunk wanted, ContentReceiver receiver) throws IOException, InterruptedException;

  /** What came of asking for a chunk on the way past. */
  enum Prompt {
    BROUGHT,
    /** The source does not have it: asking properly would be of no use. */
    LACKING,
    /** Nothing is known: it has to be asked properly, by {@link #fetch}. */
    UNKNOWN
  }

  /**
   * Brings a chunk on the thread of whoever waits for it, if that takes no longer than setting up
   * anything more for it would be worth. Asked of the first source only, before {@link #fetch}.
   *
   * @param size of the chunk in bytes
   * @throws IOException if the receiver failed
   * @throws InterruptedException if the thread was interrupted while it waited
   */
  default Prompt fetchPromptly(Digest digest, int size, ChunkReceiver receiver)
      throws IOException, InterruptedException {
    return Prompt.UNKNOWN;
  }

  /**
   * After so long without the wanted chunk the next source is asked as well, and the first to bring
   * it is used. Empty: the next one is asked only when this one has failed.
   */
  default Optional<Duration> headStart() {
    return Optional.empty();
  }

  /**
   * Offers a chunk that a source behind this one has brought, for another time. Returns soon.
   *
   * @param bytes have the digest; to be copied, if at all
   * @param origins of the image that was read, as {@link FrameLocation} has them
   */
  default void offer(Digest digest, ByteBuffer bytes, List<String> origins) {}

  /** Whether it brings frames that follow the wanted one, too, if they are asked for. */
  default boolean bringsFollowing() {
    return true;
  }

  /**
   * How many compressed bytes behind a frame come with it in the time that a request of their own
   * would take, as requests went lately: the latency times the bandwidth. 0 while that is unknown.
   */
  default long bytesPerLatency() {
    return 0;
  }
}
