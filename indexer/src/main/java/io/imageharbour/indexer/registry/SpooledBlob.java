package io.imageharbour.indexer.registry;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A blob that is being downloaded, or was, to a file without a name. Readers wait until the bytes
 * they want have come. A download that fails, or that nobody reads any more, lets go of the file.
 * Safe for use by many threads.
 */
final class SpooledBlob implements AutoCloseable {

  private static final int COPY_SIZE = 64 << 10;

  private final FileChannel file;
  private final Duration unreadTime;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition more = lock.newCondition();
  private final Thread download;

  private long available;
  private @Nullable IOException failure;
  private int readers;
  private Deadline unreadUntil;
  private boolean abandoned;

  /** Where the bytes come from; no more of them than the blob should have. */
  @FunctionalInterface
  interface Source {
    InputStream open() throws IOException, InterruptedException;
  }

  /**
   * Begins a download.
   *
   * @param name of what is downloaded, for messages
   * @param unreadTime how long the download goes on while nobody reads
   */
  SpooledBlob(Path directory, String name, Duration unreadTime, Source source) throws IOException {
    this.unreadTime = unreadTime;
    this.unreadUntil = Deadline.in(unreadTime);
    Path path = Files.createTempFile(directory, "harbour-blob-", ".spool");
    try {
      this.file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
    } finally {
      // Nobody else needs its name, and a crash leaves nothing behind.
      Files.delete(path);
    }
    this.download = Thread.ofVirtual().name("spool " + name).start(() -> download(source));
  }

  private void download(Source source) {
    try (InputStream stream = source.open()) {
      byte[] bytes = new byte[COPY_SIZE];
      long position = 0;
      for (int read = stream.read(bytes); read >= 0; read = stream.read(bytes)) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes, 0, read);
        while (buffer.hasRemaining()) {
          position += file.write(buffer, position);
        }
        if (!advance(position)) {
          return;
        }
      }
    } catch (IOException e) {
      fail(e);
    } catch (InterruptedException e) {
      fail(new IOException("the download was given up", e));
    } catch (RuntimeException | Error e) {
      fail(new IOException("the download ended with " + e, e));
      throw e;
    }
  }

  /** Tells readers what has come; false, and abandoned, if there have been none for too long. */
  private boolean advance(long position) throws IOException {
    lock.lock();
    try {
      available = position;
      more.signalAll();
      if (readers == 0 && unreadUntil.passed()) {
        abandoned = true;
        closeIfUnused();
      }
      return !abandoned;
    } finally {
      lock.unlock();
    }
  }

  private void fail(IOException e) {
    lock.lock();
    try {
      failure = e;
      more.signalAll();
      closeIfUnused();
    } catch (IOException notClosed) {
      e.addSuppressed(notClosed);
    } finally {
      lock.unlock();
    }
  }

  /** Whether nothing more can be expected of it, because it failed or was given up. */
  boolean hasEnded() {
    lock.lock();
    try {
      return failure != null || abandoned;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Reads bytes, and waits for them if need be.
   *
   * @param patience how long to wait without one new byte
   * @return null if the blob was given up, and has to be spooled anew
   */
  byte @Nullable [] read(long offset, int length, Duration patience)
      throws IOException, InterruptedException {
    lock.lockInterruptibly();
    try {
      if (abandoned) {
        return null;
      }
      requireNoFailure();
      readers++;
    } finally {
      lock.unlock();
    }
    try {
      await(offset + length, patience);
      byte[] bytes = new byte[length];
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      while (buffer.hasRemaining()) {
        if (file.read(buffer, offset + buffer.position()) < 0) {
          throw new IOException("the spooled blob is shorter than what was written to it");
        }
      }
      return bytes;
    } catch (ClosedChannelException e) {
      // An interrupt that hits any reader closes the file for all.
      fail(e);
      throw e;
    } finally {
      leave();
    }
  }

  private void await(long end, Duration patience) throws IOException, InterruptedException {
    lock.lockInterruptibly();
    try {
      long seen = available;
      long left = patience.toNanos();
      while (available < end) {
        requireNoFailure();
        if (left <= 0) {
          throw new RegistryUnavailableException(
              "%s: no new byte came within %d s, after %d bytes. Is the registry reachable?"
                  .formatted(download.getName(), patience.toSeconds(), available));
        }
        left = more.awaitNanos(left);
        if (available > seen) {
          seen = available;
          left = patience.toNanos();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private void requireNoFailure() throws IOException {
    IOException failed = failure;
    if (failed != null) {
      throw failed;
    }
  }

  private void leave() throws IOException {
    lock.lock();
    try {
      readers--;
      unreadUntil = Deadline.in(unreadTime);
      closeIfUnused();
    } finally {
      lock.unlock();
    }
  }

  /** Ends the download; the file goes when the last reader has left. */
  @Override
  public void close() throws IOException {
    download.interrupt();
    lock.lock();
    try {
      abandoned = true;
      closeIfUnused();
    } finally {
      lock.unlock();
    }
  }

  private void closeIfUnused() throws IOException {
    if ((abandoned || failure != null) && readers == 0) {
      file.close();
    }
  }
}
