package io.imageharbour.indexer.registry;

import static io.imageharbour.indexer.registry.ScriptedRepository.BLOB;
import static io.imageharbour.indexer.registry.ScriptedRepository.DIGEST;
import static io.imageharbour.indexer.registry.ScriptedRepository.expected;
import static io.imageharbour.indexer.registry.ScriptedRepository.part;
import static io.imageharbour.indexer.registry.ScriptedRepository.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.registry.ScriptedServer.Reply;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A host that sends next to nothing, or too much, keeps neither our threads nor connections. */
class SlowHostTest {

  /** As many as a host may have. */
  private static final int CONNECTIONS = 32;

  private static final Duration DEADLINE = Duration.ofSeconds(1);
  private static final Duration STALL = Duration.ofMillis(500);
  private static final Duration PER_BYTE = Duration.ofMillis(20);
  private static final Duration SOON = Duration.ofSeconds(4);

  @RegisterExtension
  private final ScriptedRepository scripted = new ScriptedRepository(DEADLINE, STALL);

  /** Calls on a platform thread, whose reads of a socket no interrupt ends. */
  private static <T> T soon(Callable<T> call) throws Exception {
    FutureTask<T> task = new FutureTask<>(call);
    Thread.ofPlatform().daemon().name("slow-host-test").start(task);
    return task.get(SOON.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Test
  void aSlowRefusalGivesItsConnectionBack() throws Exception {
    AtomicInteger count = new AtomicInteger();
    Repository repository =
        scripted.start(
            request ->
                count.incrementAndGet() > CONNECTIONS
                    ? part(request)
                    : Reply.of(401, new byte[5000])
                        .with("WWW-Authenticate", "Basic realm=\"a\"")
                        .slowlyAfter(0, PER_BYTE));
    CountDownLatch failed = new CountDownLatch(CONNECTIONS);
    for (int i = 0; i < CONNECTIONS; i++) {
      Thread.ofVirtual()
          .start(
              () -> {
                assertThatThrownBy(() -> read(repository, 0, 10))
                    .isInstanceOf(RegistryUnavailableException.class);
                failed.countDown();
              });
    }
    assertThat(failed.await(10, TimeUnit.SECONDS)).isTrue();
    assertThat(read(repository, 1000, 500)).isEqualTo(expected(1000, 500));
  }

  @Test
  void aPartForWhichThereIsNoMemoryGivesItsConnectionBack() throws Exception {
    int tooMuch = Integer.MAX_VALUE;
    Repository repository =
        scripted.start(
            request ->
                request.range(tooMuch)[1] == tooMuch - 1
                    ? Reply.of(206)
                        .with("Content-Range", "bytes 0-" + (tooMuch - 1) + "/" + tooMuch)
                        .with("Content-Length", "" + tooMuch)
                    : part(request));
    for (int i = 0; i < CONNECTIONS; i++) {
      assertThatThrownBy(() -> repository.readBlob(DIGEST, tooMuch, 0, tooMuch))
          .isInstanceOf(OutOfMemoryError.class);
    }
    assertThat(read(repository, 1000, 500)).isEqualTo(expected(1000, 500));
  }

  @Test
  void aRedirectIsFollowedWithoutWaitingForItsSlowText() throws Exception {
    Repository repository =
        scripted.start(
            request ->
                request.path().startsWith("/v2/")
                    ? Reply.of(307, new byte[1000])
                        .with("Location", "/elsewhere")
                        .slowlyAfter(0, PER_BYTE)
                    : part(request));
    long begin = System.nanoTime();
    assertThat(soon(() -> read(repository, 1000, 500))).isEqualTo(expected(1000, 500));
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(DEADLINE);
  }

  @Test
  void aRedirectWhoseTextComesSoonKeepsItsConnection() throws Exception {
    Repository repository =
        scripted.start(
            request ->
                request.path().startsWith("/v2/")
                    ? Reply.of(307, new byte[20])
                        .with("Location", "/elsewhere")
                        .slowlyAfter(0, Duration.ofMillis(1))
                    : part(request));
    assertThat(read(repository, 1000, 500)).isEqualTo(expected(1000, 500));
    assertThat(scripted.requests().getLast().connection()).isEqualTo(1);
  }

  /** The library reads each of these with one call, however long it takes. */
  @ParameterizedTest
  @ValueSource(strings = {"1f4;", "1f4\r\nBODY\r\n0\r\nTrailer: "})
  void aPartWhoseChunksAreDescribedByteByByteIsGivenUp(String chunks) throws Exception {
    String body = chunks.replace("BODY", "b".repeat(500)) + "x".repeat(1000);
    int slow = body.length() - 1000;
    Repository repository =
        scripted.start(request -> part(request).chunked(body).slowlyAfter(slow, PER_BYTE));
    assertThatThrownBy(() -> soon(() -> read(repository, 1000, 500)))
        .cause()
        .isInstanceOf(RegistryUnavailableException.class)
        .hasMessageContaining("no answer in time");
  }

  @Test
  void aStreamWhoseChunksAreDescribedByteByByteIsGivenUp() throws Exception {
    String body = "1f4;" + "x".repeat(1000);
    Repository repository =
        scripted.start(_ -> Reply.of(200).chunked(body).slowlyAfter(0, PER_BYTE));
    assertThatThrownBy(
            () ->
                soon(
                    () -> {
                      try (InputStream stream = repository.openBlob(DIGEST, BLOB.length)) {
                        return stream.read();
                      }
                    }))
        .cause()
        .isInstanceOf(RegistryUnavailableException.class)
        .hasMessageContaining("no answer in time");
  }

  @Test
  void aStreamWaitsForASlowReader() throws Exception {
    Repository repository = scripted.start(_ -> Reply.of(200, BLOB));
    try (InputStream stream = repository.openBlob(DIGEST, BLOB.length)) {
      assertThat(stream.readNBytes(100_000)).isEqualTo(expected(0, 100_000));
      Thread.sleep(DEADLINE.multipliedBy(2));
      assertThat(stream.readAllBytes()).isEqualTo(expected(100_000, 300_000));
    }
    assertThat(scripted.requests()).hasSize(1);
  }
}
