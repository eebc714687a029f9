package io.imageharbour.pool.memory;

/**
 * A run of bytes in an agent's memory, as a client names it.
 *
 * @param region the number of the region, as the agent gave it
 * @param offset where the bytes begin in the region, in bytes
 * @param length in bytes, 1 to {@link #MAX_LENGTH}
 */
public record Span(int region, long offset, int length) {

  /** What is read or written at once has so many bytes at most; longer contents are not pooled. */
  public static final int MAX_LENGTH = 1 << 20;

  public Span {
    if (region < 0 || offset < 0 || length < 1 || length > MAX_LENGTH) {
      throw new IllegalArgumentException(
          "no span: %d bytes at %d of region %d".formatted(length, offset, region));
    }
  }

  /** Whether it lies within a region of this size. */
  public boolean isWithin(long size) {
    return offset <= size - length;
  }
}
