package io.imageharbour.fusefs.cas;

import io.imageharbour.fusefs.linux.LinuxException;
import io.imageharbour.fusefs.linux.OpenFile;
import io.imageharbour.indexer.Digest;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * A file of which some parts are there: sparse, in the ingest directory. Only this process knows
 * which parts, so the next one throws it away. Safe for use by several threads that write different
 * parts.
 */
public final class PartialFile implements AutoCloseable {

  private final Digest digest;
  private final long size;
  private final OpenFile file;
  private final String name;

  PartialFile(Digest digest, long size, OpenFile file, String name) {
    this.digest = digest;
    this.size = size;
    this.file = file;
    this.name = name;
  }

  /** The digest of the whole. */
  public Digest digest() {
    return digest;
  }

  /** Size of the whole in bytes. */
  public long size() {
    return size;
  }

  /** Writes what remains in the buffer at {@code offset}. */
  public void write(long offset, ByteBuffer bytes) throws LinuxException {
    Writing.writeAt(file, offset, bytes);
  }

  /** Reads from {@code offset}; less than the buffer holds only at the end of the file. */
  public long read(long offset, MemorySegment buffer) throws LinuxException {
    return file.readAt(offset, buffer);
  }

  OpenFile file() {
    return file;
  }

  /** Its name in the ingest directory. */
  String name() {
    return name;
  }

  /** Closes the descriptor; the file stays until the CAS discards or adopts it. */
  @Override
  public void close() {
    file.close();
  }
}
