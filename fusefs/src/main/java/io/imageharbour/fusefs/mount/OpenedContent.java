package io.imageharbour.fusefs.mount;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** A content that somebody opened, and closes once. Safe for use by several threads. */
public final class OpenedContent implements AutoCloseable {

  private final ContentFiles files;
  private final OpenNode node;
  private final SequentialReader reader = new SequentialReader();

  OpenedContent(ContentFiles files, OpenNode node) {
    this.files = files;
    this.node = node;
  }

  /** Size in bytes. */
  public long size() {
    return node.content().size();
  }

  /**
   * Reads from {@code offset} until the buffer is full or the content ends; fetches what is not
   * here.
   *
   * @return how many bytes came, 0 at the end
   */
  public int read(long offset, MemorySegment buffer) throws IOException, InterruptedException {
    files.reads.increment();
    int length = (int) Math.clamp(size() - offset, 0, buffer.byteSize());
    if (length > 0) {
      OpenContent content = node.content();
      if (content instanceof GrowingFile file) {
        fetchAhead(file, offset, length);
      }
      if (!content.has(offset, length)) {
        content.bring(offset, length);
      }
      node.read(offset, buffer.asSlice(0, length));
    }
    return length;
  }

  @Override
  public void close() throws IOException {
    files.nodes.release(node.row());
  }

  private void fetchAhead(GrowingFile file, long offset, int length) throws IOException {
    long end = offset + length;
    long target = reader.read(offset, length);
    if (target > end) {
      file.bringAhead(end - 1, target);
    }
  }
}
