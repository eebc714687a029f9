package io.imageharbour.indexer.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every operation against a real docker-registry; skopeo judges what was pushed. */
class RealRegistryTest {

  private static final String MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";

  @TempDir static Path directory;
  static RegistryProcess registry;
  static RegistryClient client;

  @BeforeAll
  static void start() throws Exception {
    registry = RegistryProcess.plain(directory);
    client = new RegistryClient(TestClients.settings(directory));
  }

  @AfterAll
  static void stop() {
    client.close();
    registry.close();
  }

  @Test
  void aBlobOfSeveralChunksComesBackAsItWasWritten() throws Exception {
    Repository repository = client.repository(registry.repository("team/chunks"));
    byte[] bytes = TestClients.randomBytes((9 << 20) + 12_345, 1);
    UploadedBlob blob = upload(repository, bytes);
    assertThat(blob).isEqualTo(new UploadedBlob(Digest.sha256(bytes), bytes.length));
    try (InputStream stream = repository.openBlob(blob.digest(), blob.size())) {
      assertThat(stream.readAllBytes()).isEqualTo(bytes);
    }
  }

  @Test
  void blobsWhoseSizeIsAtTheEdgeOfAChunkComeBack() throws Exception {
    Repository repository = client.repository(registry.repository("team/edges"));
    for (int size : new int[] {0, 1, (4 << 20) - 1, 4 << 20, (4 << 20) + 1, 8 << 20}) {
      byte[] bytes = TestClients.randomBytes(size, size);
      UploadedBlob blob = upload(repository, bytes);
      try (InputStream stream = repository.openBlob(blob.digest(), size)) {
        assertThat(Digest.sha256(stream.readAllBytes())).isEqualTo(blob.digest());
      }
    }
  }

  @Test
  void aThreadThatWasInterruptedBeforeItAsksIsInterrupted() throws Exception {
    Repository repository = client.repository(registry.repository("team/interrupted"));
    byte[] bytes = TestClients.randomBytes(100, 3);
    Digest digest = upload(repository, bytes).digest();
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> repository.openBlob(digest, bytes.length))
        .isInstanceOf(InterruptedException.class);
    assertThat(Thread.interrupted()).isFalse();
  }

  @Test
  void partsOfABlobAreReadWhereTheyLie() throws Exception {
    Repository repository = client.repository(registry.repository("team/parts"));
    byte[] bytes = TestClients.randomBytes(300_000, 2);
    Digest digest = upload(repository, bytes).digest();
    for (int[] part : new int[][] {{0, 1}, {299_999, 1}, {0, 300_000}, {12_345, 100_000}}) {
      assertThat(repository.readBlob(digest, bytes.length, part[0], part[1]))
          .isEqualTo(Arrays.copyOfRange(bytes, part[0], part[0] + part[1]));
    }
  }

  @Test
  void aSizeThatIsNotTheBlobsIsFoundOut() throws Exception {
    Repository repository = client.repository(registry.repository("team/sizes"));
    Digest digest = upload(repository, TestClients.randomBytes(1000, 3)).digest();
    assertThatThrownBy(() -> repository.openBlob(digest, 999))
        .isInstanceOf(UnexpectedBlobDigestException.class)
        .hasMessageContaining("answered with 1000 bytes instead of 999");
    assertThatThrownBy(() -> repository.readBlob(digest, 2000, 1500, 100))
        .isInstanceOf(UnexpectedBlobDigestException.class)
        .hasMessageContaining("416");
    assertThatThrownBy(() -> repository.readBlob(digest, 2000, 900, 100))
        .isInstanceOf(UnexpectedBlobDigestException.class)
        .hasMessageContaining("Content-Range");
  }

  @Test
  void whatIsNotThereIsNotFound() throws Exception {
    Repository repository = client.repository(registry.repository("team/empty"));
    assertThat(repository.hasBlob(Digest.EMPTY)).isFalse();
    assertThat(repository.tags(10)).isEmpty();
    assertThatThrownBy(() -> repository.manifest("latest"))
        .isInstanceOf(ManifestNotFoundException.class)
        .hasMessageContaining("can't fetch the manifest latest of " + repository.name())
        .hasMessageContaining("answered 404 (MANIFEST_UNKNOWN: manifest unknown)");
    assertThatThrownBy(() -> repository.openBlob(Digest.EMPTY, 0))
        .isInstanceOf(BlobNotFoundException.class)
        .hasMessageContaining(Digest.EMPTY.toString());
    assertThatThrownBy(() -> repository.readBlob(Digest.EMPTY, 10, 0, 10))
        .isInstanceOf(BlobNotFoundException.class);
  }

  @Test
  void anImageThatWasPushedIsReadBackAndSkopeoCopiesIt() throws Exception {
    Repository repository = client.repository(registry.repository("team/image"));
    byte[] manifest = pushImage(repository, "v1");
    assertThat(repository.manifest("v1").bytes()).isEqualTo(manifest);
    assertThat(repository.manifest("v1").mediaType()).isEqualTo(MANIFEST_TYPE);
    String byDigest = Digest.sha256(manifest).toString();
    assertThat(repository.manifest(byDigest).digest()).hasToString(byDigest);
    Path copy = directory.resolve("copy");
    RegistryProcess.run(
        List.of(
            "skopeo",
            "copy",
            "--src-tls-verify=false",
            "docker://" + repository.name() + ":v1",
            "dir:" + copy));
    assertThat(Files.readAllBytes(copy.resolve("manifest.json"))).isEqualTo(manifest);
  }

  @Test
  void tagsAreListed() throws Exception {
    Repository repository = client.repository(registry.repository("team/tags"));
    for (String tag : List.of("a", "b", "c")) {
      pushImage(repository, tag);
    }
    assertThat(repository.tags(10)).containsExactlyInAnyOrder("a", "b", "c");
    assertThat(repository.tags(2)).hasSize(2);
  }

  @Test
  void aBlobIsMountedFromAnotherRepositoryOfTheRegistry() throws Exception {
    RepositoryName source = registry.repository("team/mount-source");
    Repository target = client.repository(registry.repository("other/mount-target"));
    byte[] bytes = TestClients.randomBytes(5000, 4);
    Digest digest = upload(client.repository(source), bytes).digest();
    assertThat(target.hasBlob(digest)).isFalse();
    assertThat(target.mountBlob(digest, source)).isTrue();
    assertThat(target.hasBlob(digest)).isTrue();
    assertThat(target.readBlob(digest, 5000, 10, 20)).isEqualTo(Arrays.copyOfRange(bytes, 10, 30));
  }

  @Test
  void aMountThatTheRegistryDeclinesLeavesNoUploadBehind() throws Exception {
    Repository target = client.repository(registry.repository("other/mount-declined"));
    assertThat(target.mountBlob(Digest.sha256(new byte[3]), registry.repository("no/such")))
        .isFalse();
    assertThat(target.mountBlob(Digest.EMPTY, new RepositoryName("elsewhere.example", "a")))
        .isFalse();
    assertThat(uploads("other/mount-declined")).isEmpty();
  }

  @Test
  void anUploadThatIsClosedWithoutACommitLeavesNothingBehind() throws Exception {
    Repository repository = client.repository(registry.repository("team/cancelled"));
    try (BlobUpload upload = repository.startUpload()) {
      upload.write(TestClients.randomBytes(6 << 20, 5), 0, 6 << 20);
      assertThat(uploads("team/cancelled")).isNotEmpty();
    }
    assertThat(uploads("team/cancelled")).isEmpty();
  }

  @Test
  void smallBlobsAreUploadedOnlyOnce() throws Exception {
    Repository repository = client.repository(registry.repository("team/small"));
    byte[] bytes = "{}".getBytes(UTF_8);
    repository.uploadBlob(bytes);
    repository.uploadBlob(bytes);
    assertThat(repository.hasBlob(Digest.sha256(bytes))).isTrue();
  }

  @Test
  void aManifestWhoseBlobsAreMissingIsRefusedWithTheRegistrysWords() throws Exception {
    Repository repository = client.repository(registry.repository("team/refused"));
    assertThatThrownBy(() -> repository.putManifest("v1", MANIFEST_TYPE, manifest("{}", 7)))
        .isInstanceOf(RegistryRefusedException.class)
        .hasMessageContaining("can't push the manifest v1 to " + repository.name())
        .hasMessageContaining("BLOB_UNKNOWN");
  }

  @Test
  void manifestsBeyondTheLimitAreNotPushed() {
    Repository repository = client.repository(registry.repository("team/refused"));
    assertThatThrownBy(
            () -> repository.putManifest("v1", MANIFEST_TYPE, new byte[Manifest.MAX_SIZE + 1]))
        .isInstanceOf(UnexpectedManifestException.class)
        .hasMessageContaining("4194305 bytes");
  }

  @Test
  void manyThreadsReadPartsOfOneBlobAtOnce() throws Exception {
    Repository repository = client.repository(registry.repository("team/parallel"));
    byte[] bytes = TestClients.randomBytes(1 << 20, 6);
    Digest digest = upload(repository, bytes).digest();
    List<Integer> wrong = java.util.Collections.synchronizedList(new java.util.ArrayList<>());
    List<Thread> readers =
        java.util.stream.IntStream.range(0, 100)
            .mapToObj(
                i ->
                    Thread.ofVirtual()
                        .start(
                            () -> {
                              try {
                                byte[] part =
                                    repository.readBlob(digest, bytes.length, i * 10_000, 9_999);
                                if (!Arrays.equals(
                                    part,
                                    Arrays.copyOfRange(bytes, i * 10_000, i * 10_000 + 9_999))) {
                                  wrong.add(i);
                                }
                              } catch (IOException | InterruptedException e) {
                                wrong.add(i);
                              }
                            }))
            .toList();
    for (Thread reader : readers) {
      reader.join();
    }
    assertThat(wrong).isEmpty();
  }

  private static UploadedBlob upload(Repository repository, byte[] bytes) throws Exception {
    try (BlobUpload upload = repository.startUpload()) {
      int at = 0;
      for (int step = 1; at < bytes.length; step = step * 3 + 1) {
        int length = Math.min(step, bytes.length - at);
        upload.write(bytes, at, length);
        at += length;
      }
      return upload.commit();
    }
  }

  private static byte[] pushImage(Repository repository, String tag) throws Exception {
    String config =
        "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}";
    repository.uploadBlob(config.getBytes(UTF_8));
    byte[] manifest = manifest(config, config.length());
    repository.putManifest(tag, MANIFEST_TYPE, manifest);
    return manifest;
  }

  private static byte[] manifest(String config, int size) throws IOException {
    JsonNode node =
        new ObjectMapper()
            .createObjectNode()
            .put("schemaVersion", 2)
            .put("mediaType", MANIFEST_TYPE)
            .<com.fasterxml.jackson.databind.node.ObjectNode>set(
                "config",
                new ObjectMapper()
                    .createObjectNode()
                    .put("mediaType", "application/vnd.oci.image.config.v1+json")
                    .put("digest", Digest.sha256(config.getBytes(UTF_8)).toString())
                    .put("size", size))
            .set("layers", new ObjectMapper().createArrayNode());
    return new ObjectMapper().writeValueAsBytes(node);
  }

  /** The bytes that the registry keeps of uploads that did not end. */
  private static List<Path> uploads(String repository) throws IOException {
    Path kept =
        directory.resolve("data/docker/registry/v2/repositories/" + repository + "/_uploads");
    if (!Files.exists(kept)) {
      return List.of();
    }
    try (Stream<Path> files = Files.walk(kept)) {
      return files.filter(file -> file.endsWith("data")).toList();
    }
  }
}
