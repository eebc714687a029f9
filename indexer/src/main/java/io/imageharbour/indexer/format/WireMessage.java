package io.imageharbour.indexer.format;

import static io.imageharbour.indexer.format.IndexValidator.require;

/**
 * A protobuf message taken apart where it lies: knows where each field begins and ends, copies
 * nothing. It reads the subset of protobuf that index.proto keeps to, every field length-delimited
 * and at most once; fields that it does not know are passed over.
 *
 * <p>A general parser would turn each of these columns into an array on the heap, sized by whoever
 * wrote the bytes, before the first check.
 *
 * @see <a href="https://protobuf.dev/programming-guides/encoding/">Protocol Buffers, encoding</a>
 */
final class WireMessage {

  /** No message of index.proto has a higher field number. */
  private static final int FIELDS = 32;

  private static final int LENGTH_DELIMITED = 2;

  private final byte[] bytes;
  private final int[] starts = new int[FIELDS];
  private final int[] ends = new int[FIELDS];

  private WireMessage(byte[] bytes, int start, int end) throws BrokenRuleException {
    this.bytes = bytes;
    Varints cursor = new Varints(bytes, start, end);
    while (cursor.hasNext()) {
      long tag = cursor.next();
      long field = tag >>> 3;
      require(
          (tag & 7) == LENGTH_DELIMITED && field > 0 && field < 1 << 29,
          "its payload has a malformed field");
      long length = cursor.next();
      require(
          length >= 0 && length <= end - cursor.position(),
          "a field of its payload declares %s bytes where %d are left",
          Long.toUnsignedString(length),
          end - cursor.position());
      int fieldStart = cursor.position();
      cursor.skip((int) length);
      if (field < FIELDS) {
        require(starts[(int) field] == 0, "field %d of its payload appears twice", field);
        starts[(int) field] = fieldStart;
        ends[(int) field] = cursor.position();
      }
    }
  }

  static WireMessage of(byte[] bytes) throws BrokenRuleException {
    return new WireMessage(bytes, 0, bytes.length);
  }

  /** The message in a field; an empty one if the field is absent. */
  WireMessage message(int field) throws BrokenRuleException {
    return new WireMessage(bytes, starts[field], ends[field]);
  }

  /** The packed numbers in a field; none if the field is absent. */
  Varints numbers(int field) {
    return new Varints(bytes, starts[field], ends[field]);
  }

  /** The NUL-terminated texts in a field. */
  TextColumn texts(int field) {
    return new TextColumn(bytes, starts[field], ends[field]);
  }

  /** The bytes of a field. */
  ByteColumn bytes(int field) {
    return new ByteColumn(bytes, starts[field], ends[field]);
  }
}
