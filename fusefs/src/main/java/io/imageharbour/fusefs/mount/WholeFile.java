package io.imageharbour.fusefs.mount;

import io.imageharbour.fusefs.linux.OpenFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** A file of the CAS. Safe for use by several threads. */
final class WholeFile implements OpenContent {

  private final OpenFile file;
  private final long size;

  /** Keeps the descriptor's number from going to another file while it is read. */
  private final UseCount uses = new UseCount();

  WholeFile(OpenFile file, long size) {
    this.file = file;
    this.size = size;
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public boolean has(long offset, long length) {
    return true;
  }

  @Override
  public void bring(long offset, long length) {}

  @Override
  public void read(long offset, MemorySegment buffer) throws IOException {
    if (!uses.begin()) {
      throw new ClosedContentException(file.toString());
    }
    try {
      if (file.readAt(offset, buffer) < buffer.byteSize()) {
        throw new TruncatedContentException(file.toString());
      }
    } finally {
      close();
    }
  }

  @Override
  public void close() {
    if (uses.end()) {
      file.close();
    }
  }
}
