package io.imageharbour.indexer.registry;

import static io.imageharbour.indexer.registry.TestClients.randomBytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.ScriptedServer.Reply;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Blobs of registries that ignore ranges take no more disk and network than they are worth. */
class SpooledBlobTest {

  private static final byte[] BLOB = randomBytes(400_000, 1);
  private static final Digest DIGEST = Digest.sha256(BLOB);
  private static final Duration UNREAD = Duration.ofMillis(200);
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path directory;

  /** Zeros, a few at a time. */
  private static class Zeros extends InputStream {
    final AtomicBoolean closed = new AtomicBoolean();

    @Override
    public int read() {
      return 0;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      try {
        Thread.sleep(10);
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
      Arrays.fill(target, offset, offset + 10, (byte) 0);
      return 10;
    }

    @Override
    public void close() {
      closed.set(true);
    }
  }

  private SpooledBlob spooled(SpooledBlob.Source source) throws IOException {
    return new SpooledBlob(directory, "test", UNREAD, source);
  }

  @Test
  void aDownloadThatNobodyReadsIsGivenUp() throws Exception {
    Zeros zeros = new Zeros();
    try (SpooledBlob blob = spooled(() -> zeros)) {
      assertThat(blob.read(0, 20, PATIENCE)).isEqualTo(new byte[20]);
      soon(zeros.closed::get);
      soon(() -> openFiles() == 0);
      assertThat(blob.hasEnded()).isTrue();
      assertThat(blob.read(0, 20, PATIENCE)).isNull();
    }
  }

  @Test
  void aDownloadGoesOnWhileSomebodyWaitsForIt() throws Exception {
    Zeros zeros = new Zeros();
    try (SpooledBlob blob = spooled(() -> zeros)) {
      assertThat(blob.read(1000, 20, PATIENCE)).isEqualTo(new byte[20]);
    }
  }

  @Test
  void aDownloadThatFailsKeepsNoDisk() throws Exception {
    Zeros broken =
        new Zeros() {
          @Override
          public int read(byte[] target, int offset, int length) throws IOException {
            throw new IOException("no space left");
          }
        };
    try (SpooledBlob blob = spooled(() -> broken)) {
      soon(blob::hasEnded);
      soon(() -> openFiles() == 0);
      assertThatThrownBy(() -> blob.read(0, 20, PATIENCE)).hasMessage("no space left");
    }
  }

  @Test
  void aDownloadForWhichThereIsNoMemoryFailsItsReaders() throws Exception {
    SpooledBlob.Source source =
        () -> {
          Thread.sleep(100);
          throw new OutOfMemoryError("test");
        };
    try (SpooledBlob blob = spooled(source)) {
      assertThatThrownBy(() -> blob.read(0, 20, Duration.ofSeconds(5)))
          .isInstanceOf(IOException.class)
          .hasRootCauseInstanceOf(OutOfMemoryError.class);
    }
  }

  @Test
  void aBlobThatIsTooBigToKeepIsNotDownloaded() throws Exception {
    try (ScriptedServer server = new ScriptedServer(_ -> endless(BLOB.length));
        RegistryClient client = client()) {
      Repository repository = client.repository(server.repository("a/b"));
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(() -> repository.readBlob(DIGEST, 1L << 60, 300_000, 10))
            .isInstanceOf(RegistryRefusedException.class)
            .hasMessageContaining("ignores ranges")
            .hasMessageContaining("1152921504606846976 bytes");
      }
      assertThat(server.requests()).hasSize(1);
    }
  }

  @Test
  void aBlobThatIsLongerThanItShouldBeIsNotKept() throws Exception {
    try (ScriptedServer server = new ScriptedServer(_ -> endless(5_000_000));
        RegistryClient client = client()) {
      Repository repository = client.repository(server.repository("a/b"));
      try {
        assertThat(repository.readBlob(DIGEST, BLOB.length, 300_000, 10))
            .isEqualTo(Arrays.copyOfRange(BLOB, 300_000, 300_010));
      } catch (UnexpectedBlobDigestException e) {
        // the surplus came before the read
      }
      soon(() -> openFiles() == 0);
    }
  }

  private RegistryClient client() throws IOException {
    return new RegistryClient(TestClients.settings(directory).withTemporaryDirectory(directory));
  }

  /** The blob, and zeros behind it, without a length in the head. */
  private static Reply endless(int length) {
    String blob = new String(Arrays.copyOf(BLOB, length), StandardCharsets.ISO_8859_1);
    return Reply.of(200).chunked(Integer.toHexString(length) + "\r\n" + blob + "\r\n0\r\n\r\n");
  }

  /** How many files of spooled blobs this process has open. */
  private long openFiles() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
      return files.filter(this::isSpool).count();
    }
  }

  private boolean isSpool(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor)
          .toString()
          .startsWith(directory.resolve("harbour-blob-").toString());
    } catch (NoSuchFileException e) {
      return false;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static void soon(Callable<Boolean> condition) throws Exception {
    Deadline deadline = Deadline.in(Duration.ofSeconds(5));
    while (!condition.call()) {
      assertThat(deadline.passed()).isFalse();
      Thread.sleep(10);
    }
  }
}
