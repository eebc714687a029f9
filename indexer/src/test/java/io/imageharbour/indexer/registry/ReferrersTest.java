package io.imageharbour.indexer.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.ScriptedServer.Reply;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * Manifests that refer to others, in a registry without an API for it; what the API may answer is
 * scripted. A registry that has the API is asked in {@code AttachIT}.
 */
class ReferrersTest {

  private static final String MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
  private static final String TYPE = "application/vnd.example.thing";
  private static final Digest SUBJECT = Digest.sha256("an image".getBytes(UTF_8));

  @RegisterExtension
  private final ScriptedRepository scripted =
      new ScriptedRepository(Duration.ofSeconds(10), Duration.ofSeconds(5));

  @Test
  void aRegistryWithoutTheApiGetsAListUnderATag(@TempDir Path directory) throws Exception {
    try (RegistryProcess registry = RegistryProcess.plain(directory);
        RegistryClient client = new RegistryClient(TestClients.settings(directory))) {
      Repository repository = client.repository(registry.repository("team/referrers"));
      assertThat(repository.referrers(SUBJECT, TYPE)).isEmpty();

      Digest first = put(repository, TYPE, "1");
      put(repository, "application/vnd.example.signature", "2");
      put(repository, TYPE, "1");
      assertThat(listed(repository)).hasSize(2).contains(first.toString());

      Digest other = put(repository, TYPE, "3");
      assertThat(listed(repository)).hasSize(2).contains(other.toString());
      assertThat(repository.tags(10)).containsExactly("sha256-" + SUBJECT.hex());
    }
  }

  @Test
  void theApiIsReadPageByPage() throws Exception {
    Repository repository =
        scripted.start(
            request ->
                request.target().contains("last=")
                    ? list("b")
                    : list("a").with("Link", "<" + request.target() + "&last=a>; rel=\"next\""));

    assertThat(listed(repository)).containsExactly("a", "b");
    assertThat(scripted.requests().getFirst().target())
        .isEqualTo(
            "/v2/a/b/referrers/" + SUBJECT + "?artifactType=application%2Fvnd.example.thing");
  }

  @Test
  void aRegistryThatListsAReferrerIsLeftToIt() throws Exception {
    Repository repository =
        scripted.start(_ -> Reply.of(201).with("OCI-Subject", SUBJECT.toString()));

    put(repository, TYPE, "1");

    assertThat(scripted.requests()).hasSize(1);
  }

  @Test
  void pagesWithoutEndAndPagesElsewhereAreRefused() throws Exception {
    Repository repository =
        scripted.start(request -> list("a").with("Link", "<" + request.target() + ">; rel=next"));
    assertThatThrownBy(() -> repository.referrers(SUBJECT, TYPE))
        .isInstanceOf(RegistryRefusedException.class)
        .hasMessageContaining("without end");
  }

  @Test
  void aNextPageAtAnotherHostIsRefused() throws Exception {
    Repository repository =
        scripted.start(_ -> list("a").with("Link", "<http://192.0.2.1/v2/>; rel=next"));
    assertThatThrownBy(() -> repository.referrers(SUBJECT, TYPE))
        .isInstanceOf(RegistryRefusedException.class)
        .hasMessageContaining("leads to another host");
  }

  @Test
  void aListThatIsTooLongIsRefused() throws Exception {
    byte[] long1 = new byte[Manifest.MAX_SIZE + 1];
    Repository repository = scripted.start(_ -> Reply.of(200, long1));
    assertThatThrownBy(() -> repository.referrers(SUBJECT, TYPE))
        .isInstanceOf(UnexpectedManifestException.class)
        .hasMessageContaining("more than 4194304 bytes");
  }

  @Test
  void pagesTogetherAreNoLongerThanOneMayBe() throws Exception {
    String filling = " ".repeat(Manifest.MAX_SIZE / 2);
    Repository repository =
        scripted.start(
            request ->
                Reply.of(200, "{}" + filling).with("Link", "<" + request.target() + ">; rel=next"));
    assertThatThrownBy(() -> repository.referrers(SUBJECT, TYPE))
        .isInstanceOf(UnexpectedManifestException.class)
        .hasMessageContaining("more than 4194304 bytes");
    assertThat(scripted.requests()).hasSize(2);
  }

  @Test
  void aListThatOthersWriteAllTheTimeIsGivenUp() throws Exception {
    Repository repository =
        scripted.start(
            request ->
                request.method().equals("PUT")
                    ? Reply.of(201)
                    : list("sha256:" + "0".repeat(64))
                        .with("Content-Type", "application/vnd.oci.image.index.v1+json"));
    assertThatThrownBy(() -> put(repository, TYPE, "1"))
        .isInstanceOf(RegistryRefusedException.class)
        .hasMessageContaining("try again");
  }

  private static Digest put(Repository repository, String type, String variant) throws Exception {
    Digest config = Digest.sha256("{}".getBytes(UTF_8));
    if (!repository.name().path().equals("a/b")) {
      repository.uploadBlob("{}".getBytes(UTF_8));
    }
    byte[] manifest =
        """
        {"schemaVersion": 2, "mediaType": "%s", "artifactType": "%s",
         "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": "%s", "size": 2},
         "layers": [], "annotations": {"variant": "%s"},
         "subject": {"mediaType": "%s", "digest": "%s", "size": 1}}
        """
            .formatted(MANIFEST_TYPE, type, config, variant, MANIFEST_TYPE, SUBJECT)
            .getBytes(UTF_8);
    repository.putReferrer(SUBJECT, type, MANIFEST_TYPE, manifest);
    return Digest.sha256(manifest);
  }

  private static Reply list(String digest) {
    return Reply.of(
        200,
        "{\"manifests\": [{\"digest\": \"%s\", \"artifactType\": \"%s\"}]}"
            .formatted(digest, TYPE));
  }

  private static List<String> listed(Repository repository) throws Exception {
    List<String> digests = new ArrayList<>();
    for (Manifest page : repository.referrers(SUBJECT, TYPE)) {
      for (JsonNode entry : new ObjectMapper().readTree(page.bytes()).path("manifests")) {
        digests.add(entry.path("digest").asText());
      }
    }
    return digests;
  }
}
