package io.imageharbour.fusefs.mount;

import io.imageharbour.fusefs.linux.OpenFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** A file of the CAS. */
final class WholeFile implements OpenContent {

  private final OpenFile file;
  private final long size;

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
    if (file.readAt(offset, buffer) < buffer.byteSize()) {
      throw new TruncatedContentException(file.toString());
    }
  }

  @Override
  public void close() {
    file.close();
  }
}
