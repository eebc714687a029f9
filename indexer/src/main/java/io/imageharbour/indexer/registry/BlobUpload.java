package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A blob on its way into a repository: bytes in order, then {@link #commit}. Closed without a
 * commit, the upload is cancelled and the registry keeps nothing. For one thread at a time.
 *
 * <p>Bytes are sent in chunks of 4 MiB (or what the registry asks for, up to 64 MiB) while the next
 * chunk is being written, so an upload holds two of them in memory. What was sent is kept in the
 * temporary directory of the settings until the end, because registries forget uploads when a
 * connection breaks at the wrong moment.
 */
public final class BlobUpload implements AutoCloseable {

  private static final int MAX_CHUNK_SIZE = 64 << 20;

  private final RestartableUpload upload;
  private final MessageDigest sha256 = Digest.newMessageDigest();
  private final int chunkSize;

  private byte[] chunk = new byte[0];
  private int filled;
  private long size;
  private byte @Nullable [] spare;
  private @Nullable UploadStep<byte[]> sending;
  private boolean begun;
  private boolean ended;

  private BlobUpload(RestartableUpload upload) throws RegistryRefusedException {
    this.upload = upload;
    this.chunkSize = upload.chunkSize();
    if (chunkSize > MAX_CHUNK_SIZE) {
      upload.cancel();
      throw new RegistryRefusedException(
          "the registry wants chunks of %d bytes; at most %d are sent"
              .formatted(chunkSize, MAX_CHUNK_SIZE));
    }
  }

  /** Begins an upload. */
  static BlobUpload begin(RegistryClient client, RepositoryName name)
      throws IOException, InterruptedException {
    UploadStep<RestartableUpload> step =
        UploadStep.start(() -> RestartableUpload.start(client, name));
    try {
      return new BlobUpload(step.await());
    } catch (InterruptedException e) {
      if (step.stop()) {
        try {
          step.await().cancel();
        } catch (IOException | InterruptedException failure) {
          e.addSuppressed(failure);
        }
      }
      throw e;
    }
  }

  /** Appends bytes; sends them on as soon as a chunk is full. */
  public void write(byte[] bytes, int offset, int length) throws IOException, InterruptedException {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    if (ended) {
      throw new IllegalStateException("the upload has ended");
    }
    sha256.update(bytes, offset, length);
    size += length;
    int at = offset;
    int left = length;
    while (left > 0) {
      if (filled == chunkSize) {
        send();
      }
      makeRoom(left);
      int taken = Math.min(left, chunk.length - filled);
      System.arraycopy(bytes, at, chunk, filled, taken);
      filled += taken;
      at += taken;
      left -= taken;
    }
  }

  /** Bytes that were appended so far. */
  public long size() {
    return size;
  }

  /**
   * The upload as a stream, whose end is no commit. Interrupted, it throws {@link
   * InterruptedIOException} and leaves the thread's interrupt as it was.
   */
  public OutputStream asStream() {
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
      }

      @Override
      public void write(byte[] bytes, int offset, int length) throws IOException {
        try {
          BlobUpload.this.write(bytes, offset, length);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new InterruptedIOException("interrupted during an upload");
        }
      }
    };
  }

  /** Small blobs need no whole chunk. */
  private void makeRoom(int wanted) {
    if (filled == chunk.length && chunk.length < chunkSize) {
      int doubled = Math.max(2 * chunk.length, 64 << 10);
      int grown = (int) Math.min(chunkSize, Math.max(doubled, (long) filled + wanted));
      chunk = Arrays.copyOf(chunk, grown);
    }
  }

  /** Hands the full chunk to a thread of its own, once the one before has arrived. */
  private void send() throws IOException, InterruptedException {
    awaitSent();
    byte[] full = chunk;
    int length = filled;
    sending =
        UploadStep.start(
            () -> {
              upload.append(full, length);
              return full;
            });
    begun = true;
    chunk = spare == null ? new byte[chunkSize] : spare;
    spare = null;
    filled = 0;
  }

  private void awaitSent() throws IOException, InterruptedException {
    if (sending != null) {
      spare = sending.await();
      sending = null;
    }
  }

  /** Ends the upload: the registry has checked the digest when this returns. */
  public UploadedBlob commit() throws IOException, InterruptedException {
    if (ended) {
      throw new IllegalStateException("the upload has ended");
    }
    awaitSent();
    if (begun && filled > 0) {
      // Several registries take a body with the closing request only if nothing came before.
      send();
      awaitSent();
    }
    Digest digest = Digest.fromBytes(((MessageDigest) clone(sha256)).digest());
    byte[] rest = chunk;
    int length = filled;
    sending =
        UploadStep.start(
            () -> {
              upload.commit(digest, rest, length);
              return rest;
            });
    awaitSent();
    ended = true;
    upload.close();
    return new UploadedBlob(digest, size);
  }

  private static Object clone(MessageDigest digest) {
    try {
      return digest.clone();
    } catch (CloneNotSupportedException e) {
      throw new AssertionError("SHA-256 can be cloned", e);
    }
  }

  /** Cancels the upload unless it was committed. */
  @Override
  public void close() {
    if (ended) {
      return;
    }
    ended = true;
    if (sending == null || sending.stop()) {
      upload.cancel();
      upload.close();
    }
  }
}
