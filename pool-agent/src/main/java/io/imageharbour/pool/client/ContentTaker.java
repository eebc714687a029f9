package io.imageharbour.pool.client;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Takes the bytes of a content that was read, if they are the right ones. */
@FunctionalInterface
public interface ContentTaker {

  /**
   * Takes bytes.
   *
   * @param bytes are consumed before it returns; the memory is used again then
   * @return false if they do not have the content's digest
   * @throws IOException if they do, but something else is wrong, so that others are of no use
   */
  boolean take(ByteBuffer bytes) throws IOException;
}
