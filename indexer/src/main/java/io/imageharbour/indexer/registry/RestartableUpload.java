package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.Digest;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An upload that is begun anew when the registry loses it, which docker-registry does whenever an
 * answer gets lost on the way. What was sent is kept in a file without a name until the end. For
 * one thread at a time.
 */
final class RestartableUpload implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(RestartableUpload.class);
  private static final int MAX_RESTARTS = 3;
  private static final int COPY_SIZE = 4 << 20;

  private final RegistryClient client;
  private final RepositoryName name;
  private final int chunkSize;
  private UploadSession session;
  private @Nullable FileChannel sent;
  private long sentSize;
  private int restarts;

  private RestartableUpload(RegistryClient client, RepositoryName name, UploadSession session) {
    this.client = client;
    this.name = name;
    this.session = session;
    this.chunkSize = Math.max(COPY_SIZE, session.minimumChunk().orElse(0));
  }

  /** Begins an upload. */
  static RestartableUpload start(RegistryClient client, RepositoryName name)
      throws IOException, InterruptedException {
    return new RestartableUpload(client, name, UploadSession.start(client, name));
  }

  /** How many bytes to send at once: 4 MiB, or more if the registry wants that. */
  int chunkSize() {
    return chunkSize;
  }

  /** Sends the next bytes. When this returns, the registry has them. */
  void append(byte[] bytes, int length) throws IOException, InterruptedException {
    persist(() -> session.append(bytes, length));
    keep(bytes, length);
  }

  /**
   * Ends the upload.
   *
   * @param rest the last bytes, or all of them when none were appended
   */
  void commit(Digest digest, byte[] rest, int length) throws IOException, InterruptedException {
    persist(() -> session.commit(digest, rest, length));
  }

  @FunctionalInterface
  private interface Step {
    void run() throws IOException, InterruptedException;
  }

  private void persist(Step step) throws IOException, InterruptedException {
    LostUploadException lost = null;
    while (true) {
      try {
        if (lost != null) {
          restart(lost);
        }
        step.run();
        return;
      } catch (LostUploadException e) {
        if (restarts == MAX_RESTARTS || (sent == null && sentSize > 0)) {
          throw e;
        }
        lost = e;
      }
    }
  }

  private void restart(LostUploadException lost) throws IOException, InterruptedException {
    FileChannel kept = sent;
    restarts++;
    log.warn(
        "event=upload-restarted repository={} bytes={} cause=\"{}\"",
        name,
        sentSize,
        String.valueOf(lost.getMessage()));
    session = UploadSession.start(client, name);
    byte[] chunk = new byte[(int) Math.min(chunkSize, sentSize)];
    long position = 0;
    while (kept != null && position < sentSize) {
      ByteBuffer buffer =
          ByteBuffer.wrap(chunk, 0, (int) Math.min(chunk.length, sentSize - position));
      while (buffer.hasRemaining()) {
        if (kept.read(buffer, position + buffer.position()) < 0) {
          throw new EOFException("the kept bytes of an upload are gone");
        }
      }
      session.append(chunk, buffer.position());
      position += buffer.position();
    }
  }

  /** Keeps bytes for a restart. Where there is no room for them, the upload goes on without. */
  private void keep(byte[] bytes, int length) {
    FileChannel file = sent;
    try {
      if (file == null) {
        if (sentSize > 0) {
          return;
        }
        file = create(client.settings().temporaryDirectory());
        sent = file;
      }
      ByteBuffer buffer = ByteBuffer.wrap(bytes, 0, length);
      while (buffer.hasRemaining()) {
        file.write(buffer, sentSize + buffer.position());
      }
    } catch (IOException e) {
      log.warn(
          "event=upload-not-restartable repository={} directory={} cause=\"{}\"",
          name,
          client.settings().temporaryDirectory(),
          e.toString());
      close();
    } finally {
      sentSize += length;
    }
  }

  private static FileChannel create(Path directory) throws IOException {
    Path path = Files.createTempFile(directory, "harbour-upload-", ".sent");
    try {
      return FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
    } finally {
      Files.delete(path);
    }
  }

  /** Tells the registry to forget the upload. */
  void cancel() {
    session.cancel();
  }

  /** Lets go of what was kept. */
  @Override
  public void close() {
    FileChannel file = sent;
    sent = null;
    if (file != null) {
      try {
        file.close();
      } catch (IOException e) {
        log.warn("event=upload-file-not-closed repository={} cause=\"{}\"", name, e.toString());
      }
    }
  }
}
