package io.imageharbour.indexer.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.OutgoingRequest.RequestBody;
import io.imageharbour.indexer.registry.ScriptedServer.Handler;
import io.imageharbour.indexer.registry.ScriptedServer.Reply;
import io.imageharbour.indexer.registry.ScriptedServer.Request;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Uploads to a real registry through a proxy that does harm. */
class BrokenUploadTest {

  private static final int SIZE = (9 << 20) + 77;
  private static final byte[] BLOB = TestClients.randomBytes(SIZE, 1);
  private static final Digest DIGEST = Digest.sha256(BLOB);
  private static final Set<String> PASSED_ON = Set.of("content-range", "accept", "range");

  @TempDir static Path directory;
  private static RegistryProcess registry;
  private static HttpTransport transport;

  @BeforeAll
  static void start() throws Exception {
    registry = RegistryProcess.plain(directory);
    transport = new HttpTransport(Duration.ofSeconds(10), new EnvironmentProxies(Map.of()));
  }

  @AfterAll
  static void stop() {
    transport.close();
    registry.close();
  }

  /** Passes a request on to the registry, whose addresses become the proxy's or relative ones. */
  private static Reply forward(Request request, byte[] body, Function<String, String> location)
      throws IOException, InterruptedException {
    List<HeaderField> headers =
        request.headers().entrySet().stream()
            .filter(header -> PASSED_ON.contains(header.getKey()))
            .map(header -> new HeaderField(header.getKey(), header.getValue()))
            .toList();
    OutgoingRequest outgoing =
        new OutgoingRequest(
            request.method(),
            URI.create("http://" + registry.host() + request.target()),
            headers,
            body.length == 0
                ? Optional.empty()
                : Optional.of(
                    new RequestBody(body, 0, body.length, request.header("Content-Type"))));
    Deadline deadline = Deadline.in(Duration.ofSeconds(10));
    try (Answer answer = transport.send(TlsSettings.SYSTEM, outgoing, deadline)) {
      Reply reply = Reply.of(answer.status(), answer.readUpTo(1 << 20, deadline));
      Optional<String> range = answer.header("Range");
      if (range.isPresent()) {
        reply = reply.with("Range", range.get());
      }
      Optional<String> length = answer.header("Content-Length");
      if (request.method().equals("HEAD") && length.isPresent()) {
        reply = reply.with("Content-Length", length.get());
      }
      Optional<String> target = answer.header("Location");
      return target.isPresent() ? reply.with("Location", location.apply(target.get())) : reply;
    }
  }

  private static Reply forward(Request request) throws IOException, InterruptedException {
    return forward(request, request.body(), BrokenUploadTest::relative);
  }

  private static String relative(String location) {
    return location.replaceFirst("^http://[^/]*", "");
  }

  private static UploadedBlob upload(Handler handler, String path)
      throws IOException, InterruptedException {
    try (ScriptedServer proxy = new ScriptedServer(handler);
        RegistryClient client = new RegistryClient(TestClients.settings(directory));
        BlobUpload upload = client.repository(proxy.repository(path)).startUpload()) {
      upload.write(BLOB, 0, BLOB.length);
      return upload.commit();
    }
  }

  /** Where the registry keeps what it has of a repository's uploads. */
  private static Path uploads(String path) {
    return directory.resolve("data/docker/registry/v2/repositories").resolve(path + "/_uploads");
  }

  private static void assertStored(String path) throws IOException, InterruptedException {
    try (RegistryClient client = new RegistryClient(TestClients.settings(directory))) {
      assertThat(client.repository(registry.repository(path)).hasBlob(DIGEST)).isTrue();
    }
  }

  @Test
  void relativeLocationsAreFollowed() throws Exception {
    assertThat(upload(BrokenUploadTest::forward, "up/relative"))
        .isEqualTo(new UploadedBlob(DIGEST, SIZE));
    assertStored("up/relative");
  }

  @Test
  void aChunkOfWhichAPartArrivedIsNoLostUpload() throws Exception {
    AtomicInteger chunks = new AtomicInteger();
    upload(
        request -> {
          if (request.method().equals("PATCH") && chunks.incrementAndGet() == 2) {
            byte[] part = Arrays.copyOf(request.body(), 1_000_000);
            long first = Long.parseLong(request.header("Content-Range").split("-", 2)[0]);
            var headers = new java.util.HashMap<>(request.headers());
            headers.put("content-range", first + "-" + (first + part.length - 1));
            forward(
                new Request("PATCH", request.target(), headers, part, 0),
                part,
                BrokenUploadTest::relative);
            return Reply.hangUp();
          }
          return forward(request);
        },
        "up/part");
    assertStored("up/part");
  }

  @Test
  void anAnswerThatIsLostIsNoLostUpload() throws Exception {
    AtomicInteger lost = new AtomicInteger();
    upload(
        request -> {
          Reply reply = forward(request);
          boolean loses =
              (request.method().equals("PATCH") && lost.get() == 0)
                  || (request.method().equals("PUT") && lost.get() == 1);
          if (loses) {
            lost.incrementAndGet();
            return Reply.hangUp();
          }
          return reply;
        },
        "up/lost");
    assertThat(lost).hasValue(2);
    assertStored("up/lost");
  }

  @Test
  void anUploadThatTheRegistryForgetsFailsWithItsWords() {
    assertThatThrownBy(
            () ->
                upload(
                    request ->
                        request.method().equals("PATCH")
                            ? Reply.of(
                                404,
                                "{\"errors\":[{\"code\":\"BLOB_UPLOAD_UNKNOWN\",\"message\":\"gone\"}]}")
                            : forward(request),
                    "up/gone"))
        .isInstanceOf(RegistryRefusedException.class)
        .hasMessageContaining("can't upload a blob to ")
        .hasMessageContaining("BLOB_UPLOAD_UNKNOWN: gone");
  }

  @Test
  void anUploadThatIsForgottenOnTheWayIsSentAgain() throws Exception {
    AtomicInteger sent = new AtomicInteger();
    upload(
        request ->
            request.method().equals("PATCH") && sent.incrementAndGet() == 2
                ? forgotten()
                : forward(request),
        "up/again");
    assertThat(sent).hasValueGreaterThan(2);
    assertStored("up/again");
  }

  @Test
  void anUploadThatIsForgottenAgainAndAgainOrCouldNotBeKeptFails() throws Exception {
    AtomicInteger sent = new AtomicInteger();
    Handler handler =
        request ->
            List.of("PATCH", "PUT").contains(request.method()) && sent.getAndIncrement() > 0
                ? forgotten()
                : forward(request);
    // the latter is as good as a full disk: nothing can be written there
    for (Path temporary : List.of(directory, directory.resolve("no-such-directory"))) {
      sent.set(0);
      RegistrySettings settings = TestClients.settings(directory).withTemporaryDirectory(temporary);
      try (ScriptedServer proxy = new ScriptedServer(handler);
          RegistryClient client = new RegistryClient(settings);
          BlobUpload upload = client.repository(proxy.repository("up/no-room")).startUpload()) {
        assertThatThrownBy(
                () -> {
                  upload.write(BLOB, 0, BLOB.length);
                  upload.commit();
                })
            .isInstanceOf(RegistryRefusedException.class)
            .hasMessageContaining("BLOB_UPLOAD_UNKNOWN");
        long begun = proxy.requests().stream().filter(r -> r.method().equals("POST")).count();
        assertThat(begun).as("with " + temporary).isEqualTo(temporary.equals(directory) ? 4 : 1);
      }
    }
  }

  private static Reply forgotten() {
    return Reply.of(404, "{\"errors\":[{\"code\":\"BLOB_UPLOAD_UNKNOWN\"}]}");
  }

  @Test
  void bytesThatChangeOnTheWayAreFoundOutByTheRegistry() {
    assertThatThrownBy(
            () ->
                upload(
                    request -> {
                      byte[] body = request.body().clone();
                      if (body.length > 0) {
                        body[0] ^= 1;
                      }
                      return forward(request, body, BrokenUploadTest::relative);
                    },
                    "up/changed"))
        .isInstanceOf(RegistryRefusedException.class)
        .hasMessageContaining("DIGEST_INVALID");
  }

  @Test
  void anUploadIsCancelledWhenItFails() throws Exception {
    List<String> methods = new java.util.concurrent.CopyOnWriteArrayList<>();
    assertThatThrownBy(
            () ->
                upload(
                    request -> {
                      methods.add(request.method());
                      return request.method().equals("PUT") ? Reply.of(400) : forward(request);
                    },
                    "up/cancel"))
        .isInstanceOf(RegistryRefusedException.class);
    assertThat(methods).endsWith("PUT", "DELETE");
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PATCH", "PUT"})
  void anInterruptWaitsForTheAnswerAndLeavesNoUpload(String method) throws Exception {
    String path = "up/interrupted-" + method.toLowerCase(Locale.ROOT);
    CountDownLatch arrived = new CountDownLatch(1);
    CountDownLatch answered = new CountDownLatch(1);
    Handler handler =
        request -> {
          Reply reply = forward(request);
          if (request.method().equals(method)) {
            arrived.countDown();
            assertThat(answered.await(10, TimeUnit.SECONDS)).isTrue();
          }
          return reply;
        };
    FutureTask<UploadedBlob> upload = new FutureTask<>(() -> upload(handler, path));
    Thread thread = Thread.ofVirtual().start(upload);
    assertThat(arrived.await(20, TimeUnit.SECONDS)).isTrue();
    thread.interrupt();
    answered.countDown();

    try {
      upload.get();
      assertThat(method).as("what an interrupt may come too late for").isEqualTo("PUT");
    } catch (ExecutionException e) {
      assertThat(e).hasCauseInstanceOf(InterruptedException.class);
    }
    try (Stream<Path> files = Files.walk(uploads(path))) {
      assertThat(files).noneMatch(file -> file.endsWith("data"));
    }
  }

  @Test
  void aMountThatIsInterruptedLeavesNoUpload() throws Exception {
    List<String> methods = new java.util.concurrent.CopyOnWriteArrayList<>();
    CountDownLatch arrived = new CountDownLatch(1);
    CountDownLatch answered = new CountDownLatch(1);
    Handler handler =
        request -> {
          methods.add(request.method());
          arrived.countDown();
          assertThat(answered.await(10, TimeUnit.SECONDS)).isTrue();
          return request.method().equals("POST")
              ? Reply.of(202).with("Location", "/begun")
              : Reply.of(204);
        };
    try (ScriptedServer server = new ScriptedServer(handler);
        RegistryClient client = new RegistryClient(TestClients.settings(directory))) {
      FutureTask<Boolean> mount =
          new FutureTask<>(
              () ->
                  client
                      .repository(server.repository("up/mount"))
                      .mountBlob(DIGEST, server.repository("up/other")));
      Thread thread = Thread.ofVirtual().start(mount);
      assertThat(arrived.await(20, TimeUnit.SECONDS)).isTrue();
      thread.interrupt();
      answered.countDown();

      assertThatThrownBy(mount::get).hasCauseInstanceOf(InterruptedException.class);
      assertThat(methods).containsExactly("POST", "DELETE");
    }
  }

  @Test
  void aLocationWithoutAddressOrOnAnotherSchemeIsRefused() {
    for (String location : List.of("", "ftp://x/", "file:///etc")) {
      assertThatThrownBy(() -> upload(_ -> Reply.of(202).with("Location", location), "up/bad"))
          .isInstanceOf(RegistryRefusedException.class)
          .hasMessageContaining("Location");
    }
  }

  @Test
  void chunksAreAsBigAsTheRegistryWantsThem() throws Exception {
    List<Integer> sizes = new java.util.concurrent.CopyOnWriteArrayList<>();
    upload(
        request -> {
          if (request.method().equals("PATCH")) {
            sizes.add(request.body().length);
          }
          Reply reply = forward(request);
          return request.method().equals("POST")
              ? reply.with("OCI-Chunk-Min-Length", Integer.toString(5 << 20))
              : reply;
        },
        "up/min");
    assertThat(sizes).containsExactly(5 << 20, SIZE - (5 << 20));
    assertThatThrownBy(
            () ->
                upload(
                    request ->
                        request.method().equals("POST")
                            ? forward(request).with("OCI-Chunk-Min-Length", "999999999")
                            : forward(request),
                    "up/huge"))
        .isInstanceOf(RegistryRefusedException.class)
        .hasMessageContaining("chunks of 999999999 bytes");
  }

  @Test
  void aRegistryThatStopsAnsweringEndsTheUploadAtTheDeadline() throws Exception {
    try (ScriptedServer proxy =
            new ScriptedServer(
                request -> request.method().equals("PATCH") ? Reply.hangUp() : forward(request));
        RegistryClient client =
            new RegistryClient(
                TestClients.settings(directory)
                    .withTimeouts(Duration.ofMillis(700), Duration.ofMillis(500)));
        BlobUpload upload = client.repository(proxy.repository("up/never")).startUpload()) {
      assertThatThrownBy(
              () -> {
                upload.write(BLOB, 0, BLOB.length);
                upload.commit();
              })
          .isInstanceOf(RegistryUnavailableException.class);
    }
  }
}
