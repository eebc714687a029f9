package io.imageharbour.indexer.format;

/** A cursor over the varints of a column, which lie in somebody else's array. */
final class Varints {

  private final byte[] bytes;
  private final int end;
  private int position;

  Varints(byte[] bytes, int start, int end) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  /** How many numbers are left, counted without reading them. */
  int count() {
    int count = 0;
    for (int i = position; i < end; i++) {
      count += ~bytes[i] >>> 7 & 1;
    }
    return count;
  }

  boolean hasNext() {
    return position < end;
  }

  int position() {
    return position;
  }

  void skip(int length) {
    position += length;
  }

  /** The next number, all 64 bits of it. */
  long next() throws BrokenRuleException {
    long value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (position == end) {
        throw new BrokenRuleException("a column of its payload ends too early");
      }
      byte b = bytes[position++];
      value |= (long) (b & 0x7f) << shift;
      if (b >= 0) {
        return value;
      }
    }
    throw new BrokenRuleException("a number in its payload has more than ten bytes");
  }

  /** The next number, which must lie from 0 to {@code limit}, exclusive. */
  int nextBelow(long limit) throws BrokenRuleException {
    long value = next();
    if (value < 0 || value >= limit) {
      throw new BrokenRuleException(
          "a column of its payload holds %s where less than %d is possible",
          Long.toUnsignedString(value), limit);
    }
    return (int) value;
  }

  /** The next number as unsigned 32 bits. */
  int nextUnsigned32() throws BrokenRuleException {
    long value = next();
    if (value >>> 32 != 0) {
      throw new BrokenRuleException("a column of its payload holds a number of more than 32 bits");
    }
    return (int) value;
  }

  /** The next number in the zigzag form of signed numbers. */
  long nextSigned() throws BrokenRuleException {
    long value = next();
    return value >>> 1 ^ -(value & 1);
  }
}
