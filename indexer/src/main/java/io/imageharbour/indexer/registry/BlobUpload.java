package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
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
  private static final Duration STOP_TIME = Duration.ofSeconds(5);

  private final RestartableUpload upload;
  private final MessageDigest sha256 = Digest.newMessageDigest();
  private final int chunkSize;

  private byte[] chunk = new byte[0];
  private int filled;
  private long size;
  private byte @Nullable [] spare;
  private @Nullable FutureTask<byte[]> sending;
  private @Nullable Thread sender;
  private boolean begun;
  private boolean ended;

  BlobUpload(RestartableUpload upload) throws RegistryRefusedException {
    this.upload = upload;
    this.chunkSize = upload.chunkSize();
    if (chunkSize > MAX_CHUNK_SIZE) {
      upload.cancel();
      throw new RegistryRefusedException(
          "the registry wants chunks of %d bytes; at most %d are sent"
              .formatted(chunkSize, MAX_CHUNK_SIZE));
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
    FutureTask<byte[]> task =
        new FutureTask<>(
            () -> {
              upload.append(full, length);
              return full;
            });
    sending = task;
    begun = true;
    sender = Thread.ofVirtual().name("blob-upload").start(task);
    chunk = spare == null ? new byte[chunkSize] : spare;
    spare = null;
    filled = 0;
  }

  private void awaitSent() throws IOException, InterruptedException {
    FutureTask<byte[]> task = sending;
    if (task == null) {
      return;
    }
    try {
      spare = task.get();
      sending = null;
    } catch (ExecutionException e) {
      sending = null;
      switch (e.getCause()) {
        case IOException cause -> throw cause;
        case InterruptedException cause -> throw cause;
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        case null, default -> throw new AssertionError("nothing else is thrown", e);
      }
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
      upload.append(chunk, filled);
      filled = 0;
    }
    Digest digest = Digest.fromBytes(((MessageDigest) clone(sha256)).digest());
    upload.commit(digest, chunk, filled);
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

  /**
   * Waits for the thread that sends a chunk, and interrupts it only if that takes long: a registry
   * that is told to forget an upload of which it still stores a chunk may keep that chunk. False if
   * the thread won't end, and the upload is still its own.
   */
  private boolean stopSending() {
    Thread thread = sender;
    if (thread == null) {
      return true;
    }
    boolean interrupted = Thread.interrupted();
    try {
      if (thread.join(STOP_TIME)) {
        return true;
      }
      thread.interrupt();
      return thread.join(STOP_TIME);
    } catch (InterruptedException e) {
      interrupted = true;
      return false;
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Cancels the upload unless it was committed. */
  @Override
  public void close() {
    if (ended) {
      return;
    }
    ended = true;
    if (stopSending()) {
      upload.cancel();
      upload.close();
    }
  }
}
