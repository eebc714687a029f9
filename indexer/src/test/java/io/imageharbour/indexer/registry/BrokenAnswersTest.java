package io.imageharbour.indexer.registry;

import static io.imageharbour.indexer.registry.ScriptedRepository.BLOB;
import static io.imageharbour.indexer.registry.ScriptedRepository.DIGEST;
import static io.imageharbour.indexer.registry.ScriptedRepository.expected;
import static io.imageharbour.indexer.registry.ScriptedRepository.part;
import static io.imageharbour.indexer.registry.ScriptedRepository.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.ScriptedServer.Handler;
import io.imageharbour.indexer.registry.ScriptedServer.Reply;
import io.imageharbour.indexer.registry.ScriptedServer.Request;
import java.io.InputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What a registry can do wrong while it is read from, one thing at a time. */
class BrokenAnswersTest {

  @RegisterExtension
  private final ScriptedRepository scripted =
      new ScriptedRepository(Duration.ofSeconds(10), Duration.ofSeconds(5));

  private int requests() {
    return scripted.requests().size();
  }

  /** Answers the first requests with these, and the blob's part to all that follow. */
  private static Handler first(Reply... replies) {
    AtomicInteger count = new AtomicInteger();
    return request -> {
      int number = count.getAndIncrement();
      return number < replies.length ? replies[number] : part(request);
    };
  }

  @Test
  void serverErrorsAndBrokenConnectionsAreRetried() throws Exception {
    Repository repository =
        scripted.start(first(Reply.of(503), Reply.hangUp(), Reply.of(500), Reply.of(429)));
    assertThat(read(repository, 1000, 500)).isEqualTo(expected(1000, 500));
    assertThat(requests()).isEqualTo(5);
  }

  @Test
  void aRegistryThatAsksForPatienceGetsIt() throws Exception {
    Repository repository = scripted.start(first(Reply.of(429).with("Retry-After", "1")));
    long start = System.nanoTime();
    assertThat(read(repository, 0, 10)).isEqualTo(expected(0, 10));
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofSeconds(1));
  }

  @Test
  void aRegistryThatAsksForMorePatienceThanThereIsFailsAtOnce() throws Exception {
    Repository repository =
        scripted.start(_ -> Reply.of(429, "slow down").with("Retry-After", "3600"));
    assertThatThrownBy(() -> read(repository, 0, 10))
        .isInstanceOf(RegistryUnavailableException.class)
        .hasMessageContaining("answered 429 (slow down), asks to wait 3600 s");
    assertThat(requests()).isEqualTo(1);
  }

  @Test
  void aPartThatBreaksOffIsReadAgain() throws Exception {
    Repository repository =
        scripted.start(request -> requests() < 3 ? part(request).cutAfter(100) : part(request));
    assertThat(read(repository, 5000, 3000)).isEqualTo(expected(5000, 3000));
  }

  @Test
  void aStreamGoesOnWhereItBroke() throws Exception {
    Repository repository =
        scripted.start(request -> requests() < 5 ? part(request).cutAfter(70_000) : part(request));
    try (InputStream stream = repository.openBlob(DIGEST, BLOB.length)) {
      assertThat(stream.readAllBytes()).isEqualTo(BLOB);
    }
    assertThat(scripted.requests().stream().map(request -> request.header("Range")))
        .containsExactly(
            "",
            "bytes=70000-399999",
            "bytes=140000-399999",
            "bytes=210000-399999",
            "bytes=280000-399999");
  }

  @Test
  void aStreamFromARegistryThatIgnoresRangesSkipsWhatItHas() throws Exception {
    Repository repository =
        scripted.start(
            _ ->
                requests() < 3
                    ? Reply.of(200, BLOB).cutAfter(100_000 * requests())
                    : Reply.of(200, BLOB));
    try (InputStream stream = repository.openBlob(DIGEST, BLOB.length)) {
      assertThat(stream.readAllBytes()).isEqualTo(BLOB);
    }
  }

  @Test
  void aStreamThatBringsNothingNewEndsAtTheDeadline() throws Exception {
    Repository repository =
        scripted.start(
            request -> requests() == 1 ? part(request).cutAfter(1000) : part(request).cutAfter(0),
            Duration.ofSeconds(1),
            Duration.ofSeconds(1));
    try (InputStream stream = repository.openBlob(DIGEST, BLOB.length)) {
      assertThat(stream.readNBytes(1000)).isEqualTo(expected(0, 1000));
      assertThatThrownBy(stream::read).isInstanceOf(RegistryUnavailableException.class);
    }
  }

  @Test
  void aStreamOfWrongBytesHasNoEnd() throws Exception {
    byte[] wrong = BLOB.clone();
    wrong[200_000] ^= 1;
    Repository repository = scripted.start(_ -> Reply.of(200, wrong));
    try (InputStream stream = repository.openBlob(DIGEST, BLOB.length)) {
      assertThat(stream.readNBytes(BLOB.length)).hasSize(BLOB.length);
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(stream::read)
            .isInstanceOf(UnexpectedBlobDigestException.class)
            .hasMessageContaining(DIGEST.toString())
            .hasMessageContaining(Digest.sha256(wrong).toString());
      }
    }
  }

  @Test
  void aStreamThatIsLongerThanItShouldBeHasNoEnd() throws Exception {
    Repository repository = scripted.start(_ -> chunked(BLOB, 400_001));
    try (InputStream stream = repository.openBlob(DIGEST, BLOB.length)) {
      assertThatThrownBy(stream::readAllBytes)
          .isInstanceOf(UnexpectedBlobDigestException.class)
          .hasMessageContaining("longer than the 400000 bytes");
    }
  }

  /** A body whose length no header tells. */
  private static Reply chunked(byte[] bytes, int length) {
    byte[] head = (Integer.toHexString(length) + "\r\n").getBytes();
    byte[] tail = "\r\n0\r\n\r\n".getBytes();
    byte[] body = new byte[head.length + length + tail.length];
    System.arraycopy(head, 0, body, 0, head.length);
    System.arraycopy(bytes, 0, body, head.length, Math.min(length, bytes.length));
    System.arraycopy(tail, 0, body, head.length + length, tail.length);
    return Reply.of(200, body).with("Content-Length", "").with("Transfer-Encoding", "chunked");
  }

  @Test
  void partsThatWereNotAskedForAreRefused() throws Exception {
    Repository repository =
        scripted.start(
            request -> part(request).with("Content-Range", "bytes 0-499/" + BLOB.length));
    assertThatThrownBy(() -> read(repository, 1000, 500))
        .isInstanceOf(UnexpectedBlobDigestException.class)
        .hasMessageContaining(
            "\"bytes 0-499/400000\" when bytes 1000-1499 of 400000 were asked for");
    assertThat(requests()).isEqualTo(1);
  }

  @Test
  void partsOfAnotherLengthThanTheyClaimAreRefused() throws Exception {
    Repository repository = scripted.start(request -> part(request).withBody(new byte[499]));
    assertThatThrownBy(() -> read(repository, 1000, 500))
        .isInstanceOf(UnexpectedBlobDigestException.class)
        .hasMessageContaining("499 bytes instead of 500");
  }

  @Test
  void aRegistryThatSaysNothingIsGivenUp() throws Exception {
    Repository repository =
        scripted.start(_ -> Reply.silence(), Duration.ofSeconds(1), Duration.ofMillis(200));
    long start = System.nanoTime();
    assertThatThrownBy(() -> read(repository, 0, 10))
        .isInstanceOf(RegistryUnavailableException.class)
        .hasMessageContaining("no answer in time");
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
  }

  @Test
  void aRegistryThatAnswersByteByByteIsGivenUp() throws Exception {
    Repository repository =
        scripted.start(
            request -> part(request).slowly(Duration.ofMillis(100)),
            Duration.ofSeconds(1),
            Duration.ofMillis(500));
    long start = System.nanoTime();
    assertThatThrownBy(() -> read(repository, 0, 10_000))
        .isInstanceOf(RegistryUnavailableException.class);
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
  }

  @Test
  void anInterruptEndsACallThatWaits() throws Exception {
    Repository repository =
        scripted.start(_ -> Reply.silence(), Duration.ofSeconds(60), Duration.ofSeconds(60));
    AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
    Thread reader =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    read(repository, 0, 10);
                  } catch (Throwable e) {
                    thrown.set(e);
                  }
                });
    Deadline deadline = Deadline.in(Duration.ofSeconds(10));
    while (requests() == 0 && !deadline.passed()) {
      Thread.onSpinWait();
    }
    reader.interrupt();
    assertThat(reader.join(Duration.ofSeconds(10))).isTrue();
    assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
  }

  @Test
  void aConnectionServesManyReads() throws Exception {
    Repository repository = scripted.start(request -> part(request));
    for (int i = 0; i < 20; i++) {
      assertThat(read(repository, i * 100, 5000)).isEqualTo(expected(i * 100, 5000));
    }
    assertThat(scripted.requests().stream().map(Request::connection)).containsOnly(1);
  }

  @Test
  void aRegistryThatIgnoresRangesIsReadOnce() throws Exception {
    Repository repository = scripted.start(_ -> Reply.of(200, BLOB));
    for (int i = 0; i < 30; i++) {
      int offset = 399_000 - i * 10_000;
      assertThat(read(repository, offset, 1000)).isEqualTo(expected(offset, 1000));
    }
    // One that found out, and one that was kept; what begins early is cheaper to ask for again.
    assertThat(requests()).isLessThan(20);
    assertThat(scripted.requests().stream().filter(request -> !request.has("Range")).count())
        .isEqualTo(1);
  }

  @Test
  void aSpooledBlobIsReadByManyWhileItArrives() throws Exception {
    Repository repository = scripted.start(_ -> Reply.of(200, BLOB));
    AtomicInteger right = new AtomicInteger();
    Thread[] readers = new Thread[20];
    for (int i = 0; i < readers.length; i++) {
      int offset = 390_000 - i * 5000;
      readers[i] =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      if (Arrays.equals(read(repository, offset, 5000), expected(offset, 5000))) {
                        right.incrementAndGet();
                      }
                    } catch (Exception e) {
                      throw new AssertionError(e);
                    }
                  });
    }
    for (Thread reader : readers) {
      reader.join();
    }
    assertThat(right).hasValue(readers.length);
    assertThat(scripted.requests().stream().filter(request -> !request.has("Range")).count())
        .isEqualTo(1);
  }

  @Test
  void aManifestWithAnotherDigestIsRefused() throws Exception {
    String asked = Digest.sha256(new byte[] {1}).toString();
    Repository repository =
        scripted.start(
            _ ->
                Reply.of(200, "{}")
                    .with("Docker-Content-Digest", asked)
                    .with("Content-Type", "application/vnd.oci.image.manifest.v1+json"));
    assertThatThrownBy(() -> repository.manifest(asked))
        .isInstanceOf(UnexpectedManifestException.class)
        .hasMessageContaining(asked)
        .hasMessageContaining(Digest.sha256("{}".getBytes()).toString());
    assertThat(repository.manifest("latest").digest()).isEqualTo(Digest.sha256("{}".getBytes()));
  }

  @Test
  void aManifestWithoutEndIsRefused() throws Exception {
    Repository repository = scripted.start(_ -> Reply.of(200, new byte[Manifest.MAX_SIZE + 1]));
    assertThatThrownBy(() -> repository.manifest("latest"))
        .isInstanceOf(UnexpectedManifestException.class)
        .hasMessageContaining("more than 4194304 bytes");
  }

  @Test
  void aPageThatIsNoManifestIsRefused() throws Exception {
    Repository repository =
        scripted.start(_ -> Reply.of(200, "<html>log in</html>").with("Content-Type", "text/html"));
    assertThatThrownBy(() -> repository.manifest("latest"))
        .isInstanceOf(UnexpectedManifestException.class)
        .hasMessageContaining("not JSON");
  }

  @Test
  void anEndlessErrorPageGivesOneShortLine() throws Exception {
    Repository repository =
        scripted.start(_ -> Reply.of(400, "line\r\n\u001b[31mred ".repeat(100_000)));
    assertThatThrownBy(() -> repository.manifest("latest"))
        .isInstanceOf(RegistryRefusedException.class)
        .message()
        .hasSizeLessThan(600)
        .doesNotContain("\n", "\r", "\u001b");
  }

  @Test
  void aServerThatDoesNotExistIsNamed() throws Exception {
    RegistryClient client = scripted.client(Duration.ofMillis(300), Duration.ofMillis(300));
    int port = RegistryProcess.freePort();
    Repository repository = client.repository(new RepositoryName("127.0.0.1:" + port, "a"));
    assertThatThrownBy(() -> repository.manifest("latest"))
        .isInstanceOf(RegistryUnavailableException.class)
        .hasMessageContaining("127.0.0.1:" + port)
        .hasMessageContaining("Connection refused")
        .hasMessageContaining("Is the registry running");
  }
}
