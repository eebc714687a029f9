package io.imageharbour.fusefs.table;

import io.imageharbour.indexer.Digest;
import java.nio.ByteBuffer;

/** Digests in byte buffers, without an array in between. */
final class Bytes {

  private Bytes() {}

  static ByteBuffer put(ByteBuffer target, Digest digest) {
    return target
        .putLong(digest.word0())
        .putLong(digest.word1())
        .putLong(digest.word2())
        .putLong(digest.word3());
  }

  static Digest digest(ByteBuffer from) {
    return new Digest(from.getLong(), from.getLong(), from.getLong(), from.getLong());
  }
}
