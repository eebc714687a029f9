package io.imageharbour.indexer.registry;

import static io.imageharbour.indexer.registry.TestClients.randomBytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.ScriptedServer.Reply;
import io.imageharbour.indexer.registry.ScriptedServer.Request;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Registries that keep their blobs elsewhere. */
class RedirectTest {

  private static final byte[] BLOB = randomBytes(100_000, 1);
  private static final Digest DIGEST = Digest.sha256(BLOB);
  private static final String SIGNED = "/bucket/blob?X-Amz-Signature=deadbeef";

  @TempDir Path directory;

  /** A registry that wants a password, and gets a custom header, and an object store. */
  private void login(ScriptedServer registry) throws Exception {
    Files.createDirectories(directory.resolve("docker"));
    Files.writeString(
        directory.resolve("docker/config.json"),
        "{\"auths\": {\"%s\": {\"auth\": \"dTpw\"}}}".formatted(registry.host()));
    Path certs = directory.resolve("certs.d/127.0.0.1_" + registry.port() + "_");
    Files.createDirectories(certs);
    Files.writeString(
        certs.resolve("hosts.toml"),
        "server = \"%s\"\n[header]\nX-Company = \"inside\"\n".formatted(registry.url()));
  }

  private static Reply authenticated(Request request, Reply reply) {
    return request.header("Authorization").equals("Basic dTpw")
        ? reply
        : Reply.of(401).with("WWW-Authenticate", "Basic realm=\"r\"");
  }

  @Test
  void theObjectStoreGetsNeitherCredentialsNorHeadersOfTheRegistry() throws Exception {
    try (ScriptedServer store = new ScriptedServer(request -> Reply.part(BLOB, request));
        ScriptedServer registry =
            new ScriptedServer(
                request ->
                    authenticated(request, Reply.of(307).with("Location", store.url() + SIGNED)));
        RegistryClient client = new RegistryClient(TestClients.settings(directory))) {
      login(registry);
      Repository repository = client.repository(registry.repository("a/b"));
      assertThat(repository.readBlob(DIGEST, BLOB.length, 10, 20))
          .isEqualTo(Arrays.copyOfRange(BLOB, 10, 30));
      try (InputStream stream = repository.openBlob(DIGEST, BLOB.length)) {
        assertThat(stream.readAllBytes()).isEqualTo(BLOB);
      }
      assertThat(registry.requests()).allMatch(request -> request.has("X-Company"));
      assertThat(registry.requests()).anyMatch(request -> request.has("Authorization"));
      assertThat(store.requests())
          .hasSize(2)
          .allMatch(request -> request.target().equals(SIGNED))
          .noneMatch(request -> request.has("Authorization") || request.has("X-Company"));
    }
  }

  @Test
  void laterReadsOfABlobGoStraightToTheObjectStoreWhileItLetsThem() throws Exception {
    AtomicBoolean expired = new AtomicBoolean();
    try (ScriptedServer store =
            new ScriptedServer(
                request ->
                    expired.get() && request.target().equals(SIGNED)
                        ? Reply.of(403, "Request has expired")
                        : Reply.part(BLOB, request));
        ScriptedServer registry =
            new ScriptedServer(
                _ ->
                    Reply.of(307)
                        .with("Location", store.url() + (expired.get() ? "/new" : SIGNED)));
        RegistryClient client = new RegistryClient(TestClients.settings(directory))) {
      Repository repository = client.repository(registry.repository("a/b"));
      for (int i = 0; i < 5; i++) {
        repository.readBlob(DIGEST, BLOB.length, i, 20);
      }
      assertThat(registry.requests()).hasSize(1);
      expired.set(true);
      assertThat(repository.readBlob(DIGEST, BLOB.length, 10, 20))
          .isEqualTo(Arrays.copyOfRange(BLOB, 10, 30));
      repository.readBlob(DIGEST, BLOB.length, 10, 20);
      assertThat(registry.requests()).hasSize(2);
    }
  }

  @Test
  void redirectsWithoutEndAreNotFollowed() throws Exception {
    try (ScriptedServer registry =
            new ScriptedServer(
                request -> Reply.of(302).with("Location", request.path() + "?again"));
        RegistryClient client = new RegistryClient(TestClients.settings(directory))) {
      assertThatThrownBy(() -> client.repository(registry.repository("a")).manifest("latest"))
          .isInstanceOf(RegistryRefusedException.class)
          .hasMessageContaining("more than 5 redirects");
      assertThat(registry.requests()).hasSizeLessThan(10);
    }
  }

  @Test
  void redirectsToOtherThingsThanWebServersAreNotFollowed() throws Exception {
    try (ScriptedServer registry =
            new ScriptedServer(_ -> Reply.of(302).with("Location", "file:///etc/shadow"));
        RegistryClient client = new RegistryClient(TestClients.settings(directory))) {
      assertThatThrownBy(() -> client.repository(registry.repository("a")).manifest("latest"))
          .isInstanceOf(RegistryRefusedException.class)
          .hasMessageContaining("a redirect that can't be followed: it is neither http nor https");
    }
  }

  @Test
  void aSignatureInAnAddressIsNotPrinted() throws Exception {
    try (ScriptedServer store = new ScriptedServer(_ -> Reply.of(404, "no"));
        ScriptedServer registry =
            new ScriptedServer(_ -> Reply.of(307).with("Location", store.url() + SIGNED));
        RegistryClient client = new RegistryClient(TestClients.settings(directory))) {
      assertThatThrownBy(
              () -> client.repository(registry.repository("a")).openBlob(DIGEST, BLOB.length))
          .isInstanceOf(BlobNotFoundException.class)
          .message()
          .doesNotContain("Signature", "deadbeef");
    }
  }

  @Test
  void tlsIsNeverGivenUp() {
    URI asked = URI.create("https://registry.example/v2/a");
    assertThat(Origin.follow(asked, "https://store.example/x")).hasHost("store.example");
    assertThat(Origin.follow(asked, "../b?c=d")).hasToString("https://registry.example/b?c=d");
    assertThat(Origin.follow(URI.create("http://r.example/"), "https://s.example/"))
        .hasScheme("https");
    for (String bad :
        new String[] {
          "http://registry.example/",
          "http://store.example/",
          "ftp://store.example/",
          "https://user:secret@store.example/",
          "https:///nohost",
          "https://[::1",
          "https://store.example:99999/",
          "\\\\"
        }) {
      assertThatThrownBy(() -> Origin.follow(asked, bad))
          .isInstanceOf(IllegalArgumentException.class)
          .message()
          .doesNotContain("secret");
    }
  }
}
