package io.imageharbour.indexer.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.ScriptedServer.Reply;
import io.imageharbour.indexer.registry.ScriptedServer.Request;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Mirrors in a hosts.toml: who is asked for what, and in which order. */
class MirrorTest {

  private static final byte[] BLOB = TestClients.randomBytes(5000, 1);
  private static final Digest DIGEST = Digest.sha256(BLOB);
  private static final String REGISTRY = "registry.example";
  private static final String TYPE = "application/vnd.oci.image.manifest.v1+json";
  private static final String ARTIFACT = "application/vnd.example.thing";

  @TempDir Path directory;
  private ScriptedServer mirror;
  private ScriptedServer origin;
  private RegistryClient client;
  private volatile Reply fromMirror = Reply.of(200);
  private volatile String listed = "";

  @BeforeEach
  void start() throws IOException {
    mirror = new ScriptedServer(_ -> fromMirror);
    origin = new ScriptedServer(this::serve);
    client = new RegistryClient(TestClients.settings(directory));
    hosts("[\"pull\"]");
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    mirror.close();
    origin.close();
  }

  private void hosts(String mirrorCapabilities) throws IOException {
    Path certs = directory.resolve("certs.d/" + REGISTRY);
    Files.createDirectories(certs);
    Files.writeString(
        certs.resolve("hosts.toml"),
        """
        server = "%s"
        [host."%s/cache/hub"]
          capabilities = %s
          override_path = true
        """
            .formatted(origin.url(), mirror.url(), mirrorCapabilities));
  }

  private Reply serve(Request request) {
    if (request.path().contains("/referrers/")) {
      return list(listed);
    }
    if (request.path().contains("/blobs/")) {
      return request.method().equals("POST")
          ? Reply.of(202).with("Location", "/v2/x")
          : Reply.part(BLOB, request);
    }
    if (request.method().equals("PUT")) {
      return Reply.of(201);
    }
    return Reply.of(200, "{}").with("Content-Type", TYPE);
  }

  private static Reply list(String digest) {
    return Reply.of(
        200,
        "{\"manifests\": [{\"digest\": \"%s\", \"artifactType\": \"%s\"}]}"
            .formatted(digest, ARTIFACT));
  }

  private Repository repository() {
    return client.repository(new RepositoryName(REGISTRY, "library/x"));
  }

  private byte[] read(int offset) throws IOException, InterruptedException {
    return repository().readBlob(DIGEST, BLOB.length, offset, 100);
  }

  private static List<String> targets(ScriptedServer server) {
    return server.requests().stream().map(Request::toString).toList();
  }

  @Test
  void theMirrorIsAskedFirstAndToldWhichRegistryIsMeant() throws Exception {
    fromMirror = Reply.of(206, new byte[100]).with("Content-Range", "bytes 0-99/" + BLOB.length);
    assertThat(read(0)).isEqualTo(new byte[100]);
    assertThat(targets(mirror))
        .containsExactly("GET /cache/hub/library/x/blobs/" + DIGEST + "?ns=registry.example");
    assertThat(origin.requests()).isEmpty();
  }

  @Test
  void whatTheMirrorLacksComesFromTheServerAndTheMirrorIsNotAskedAgainForIt() throws Exception {
    fromMirror = Reply.of(404);
    read(0);
    read(100);
    read(200);
    assertThat(mirror.requests()).hasSize(1);
    assertThat(origin.requests()).hasSize(3);
  }

  @Test
  void aMirrorThatListsNoReferrerDoesNotHideThoseOfTheServer() throws Exception {
    hosts("[\"pull\", \"resolve\"]");
    listed = DIGEST.toString();
    for (String nothing :
        List.of("", "{\"artifactType\": \"application/vnd.example.signature\"}")) {
      fromMirror = Reply.of(200, "{\"manifests\": [" + nothing + "]}");

      assertThat(repository().referrers(DIGEST, ARTIFACT))
          .singleElement()
          .satisfies(page -> assertThat(new String(page.bytes(), UTF_8)).contains(listed));
    }
    assertThat(mirror.requests()).hasSize(2);

    fromMirror = list("of the mirror");
    assertThat(repository().referrers(DIGEST, ARTIFACT)).hasSize(1);
    assertThat(origin.requests()).hasSize(2);
  }

  @Test
  void theServerAloneIsAskedWhetherItListsAReferrerThatWasPushed() throws Exception {
    hosts("[\"pull\", \"resolve\"]");
    byte[] manifest = "{}".getBytes(UTF_8);
    listed = Digest.sha256(manifest).toString();

    repository().putReferrer(DIGEST, ARTIFACT, TYPE, manifest);

    assertThat(mirror.requests()).isEmpty();
    assertThat(origin.requests()).hasSize(2);
  }

  @Test
  void whoIsAboutToPushAReferrerIsToldOfTheServersAlone() throws Exception {
    hosts("[\"pull\", \"resolve\"]");
    listed = "of the server";
    fromMirror = list("of the mirror");

    assertThat(repository().referrersWherePushed(DIGEST, ARTIFACT))
        .singleElement()
        .satisfies(page -> assertThat(new String(page.bytes(), UTF_8)).contains(listed));
    assertThat(mirror.requests()).isEmpty();
  }

  @Test
  void aMirrorThatFailsIsAskedLastForAWhile() throws Exception {
    fromMirror = Reply.of(503);
    assertThat(repository().manifest(Digest.sha256("{}".getBytes()).toString()).bytes()).hasSize(2);
    repository().manifest(Digest.sha256("{}".getBytes()).toString());
    assertThat(mirror.requests()).hasSize(1);
    assertThat(origin.requests()).hasSize(2);
  }

  @Test
  void aMirrorThatLiesIsPassedOver() throws Exception {
    fromMirror = Reply.of(200, "{\"evil\":1}").with("Content-Type", TYPE);
    String digest = Digest.sha256("{}".getBytes()).toString();
    assertThat(repository().manifest(digest).bytes()).hasSize(2);
    assertThat(mirror.requests()).hasSize(1);
  }

  @Test
  void aMirrorThatMayNotResolveIsNotAskedForTags() throws Exception {
    repository().manifest("latest");
    repository().tags(1);
    assertThat(mirror.requests()).isEmpty();
  }

  @Test
  void aMirrorThatMayResolveIsAskedForTags() throws Exception {
    hosts("[\"pull\", \"resolve\"]");
    fromMirror = Reply.of(200, "{}").with("Content-Type", TYPE);
    repository().manifest("latest");
    assertThat(targets(mirror))
        .containsExactly("GET /cache/hub/library/x/manifests/latest?ns=registry.example");
  }

  @Test
  void pushesGoToTheServer() throws Exception {
    repository().putManifest("v1", TYPE, "{}".getBytes());
    assertThat(repository().hasBlob(DIGEST)).isTrue();
    assertThat(mirror.requests()).isEmpty();
    assertThat(targets(origin).getFirst()).startsWith("PUT /v2/library/x/manifests/v1");
  }

  @Test
  void whenAllFailEachIsNamedWithItsAnswer() throws Exception {
    fromMirror = Reply.of(404, "nothing here");
    origin.close();
    client.close();
    client =
        new RegistryClient(
            TestClients.settings(directory)
                .withTimeouts(Duration.ofSeconds(1), Duration.ofSeconds(1)));
    assertThatThrownBy(() -> read(0))
        .isInstanceOf(RegistryUnavailableException.class)
        .hasMessageContaining(mirror.host() + " answered 404 (nothing here)")
        .hasMessageContaining(origin.host() + " could not be reached: Connect to");
  }

  @Test
  void whereNoHostMayPushThatIsSaid() throws Exception {
    Files.writeString(
        directory.resolve("certs.d/" + REGISTRY + "/hosts.toml"),
        "server = \"%s\"\ncapabilities = [\"pull\"]".formatted(origin.url()));
    assertThatThrownBy(() -> repository().putManifest("v1", TYPE, new byte[0]))
        .isInstanceOf(RegistryRefusedException.class)
        .hasMessageContaining("no host of registry.example may be asked for this");
  }

  @Test
  void pagesOfTagsAreFollowedWithinTheHost() throws Exception {
    try (ScriptedServer paged =
            new ScriptedServer(
                request ->
                    request.target().contains("last=b")
                        ? Reply.of(200, "{\"tags\":[\"c\"]}")
                        : Reply.of(200, "{\"tags\":[\"a\",\"b\",\"../evil\"]}")
                            .with("Link", "</v2/a/tags/list?n=2&last=b>; rel=\"next\""));
        ScriptedServer leading =
            new ScriptedServer(
                _ ->
                    Reply.of(200, "{\"tags\":[\"a\"]}")
                        .with("Link", "<" + origin.url() + "/v2/x>; rel=next"))) {
      assertThat(client.repository(paged.repository("a")).tags(10)).containsExactly("a", "b", "c");
      assertThat(client.repository(paged.repository("a")).tags(2)).containsExactly("a", "b");
      assertThatThrownBy(() -> client.repository(leading.repository("a")).tags(10))
          .isInstanceOf(RegistryRefusedException.class)
          .hasMessageContaining("leads to another host");
    }
  }
}
