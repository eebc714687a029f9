package io.imageharbour.indexer.format;

import static io.imageharbour.indexer.format.IndexValidator.require;

import io.imageharbour.indexer.Digest;
import java.util.Arrays;

/** A cursor over a column of bytes, which lie in somebody else's array. */
final class ByteColumn {

  private final byte[] bytes;
  private final int end;
  private int position;

  ByteColumn(byte[] bytes, int start, int end) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  int remaining() {
    return end - position;
  }

  /** How many digests are left. */
  int digestCount() throws BrokenRuleException {
    require(remaining() % Digest.BYTES == 0, "a column of digests has %d bytes", remaining());
    return remaining() / Digest.BYTES;
  }

  Digest nextDigest() throws BrokenRuleException {
    if (remaining() < Digest.BYTES) {
      throw new BrokenRuleException("a column of digests ends too early");
    }
    Digest digest = Digest.fromBytes(bytes, position);
    position += Digest.BYTES;
    return digest;
  }

  byte[] next(int length) throws BrokenRuleException {
    require(length >= 0 && length <= remaining(), "a column of bytes ends too early");
    position += length;
    return Arrays.copyOfRange(bytes, position - length, position);
  }
}
