package io.imageharbour.fusefs.mount;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * A file that somebody has open. The kernel wants that all who have a node open use the same way to
 * read it: either its page cache, or one backing file. Guarded by {@link OpenNodes}.
 */
final class OpenNode {

  /** No backing file: the kernel numbers them from 1. */
  static final int NO_BACKING = 0;

  private final long row;
  private final int backing;
  private volatile OpenContent content;
  private int opens = 1;

  OpenNode(long row, OpenContent content, int backing) {
    this.row = row;
    this.content = content;
    this.backing = backing;
  }

  long row() {
    return row;
  }

  OpenContent content() {
    return content;
  }

  /** The number of the backing file, or {@link #NO_BACKING}. */
  int backing() {
    return backing;
  }

  /** Fills the buffer from {@code offset}, with bytes that are here. */
  void read(long offset, MemorySegment buffer) throws IOException {
    OpenContent before = content;
    try {
      before.read(offset, buffer);
    } catch (IOException e) {
      // it may have come into the CAS in another way just now
      if (content == before) {
        throw e;
      }
      content.read(offset, buffer);
    }
  }

  void retain() {
    opens++;
  }

  /** Whether that was the last one. */
  boolean release() {
    return --opens == 0;
  }

  void replaceContent(OpenContent replacement) {
    content = replacement;
  }
}
