package io.imageharbour.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code harbourctl pull} with what a real containerd answers seldom. */
class PullCommandTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private static Path work = Path.of("");

  private static List<LocalRegistry> running = new ArrayList<>();
  private static String image = "";

  /** Of the image's two layers and its config, from the bottom to the top. */
  private static List<JsonNode> layers = new ArrayList<>();

  private static JsonNode config = JSON.nullNode();

  private Path socket = Path.of("");
  private FakeContainerd containerd;

  @BeforeAll
  static void pushAnImage() throws Exception {
    LocalRegistry.makeImages(work, 100_000);
    LocalRegistry registry = LocalRegistry.start(work, false);
    running.add(registry);
    registry.push(work, "both", "small:1");
    registry.push(work, "one", "single:1");
    image = registry.host() + "/single:1";
    String manifest =
        LocalRegistry.run("skopeo", "inspect", "--raw", "--tls-verify=false", "docker://" + image);
    JSON.readTree(manifest).path("layers").forEach(layers::add);
    config = JSON.readTree(manifest).path("config");
  }

  @AfterAll
  static void stopRegistry() throws Exception {
    running.getFirst().close();
  }

  @BeforeEach
  void startContainerd(@TempDir Path directory) throws Exception {
    socket = directory.resolve("containerd.sock");
    containerd = new FakeContainerd(socket);
  }

  @AfterEach
  void stopContainerd() throws Exception {
    containerd.close();
  }

  private Invocation pull(String... arguments) {
    List<String> all = new ArrayList<>(List.of("pull", "--address", socket.toString()));
    all.addAll(List.of(arguments));
    return Invocation.of(all.toArray(String[]::new));
  }

  private static String digest(JsonNode descriptor) {
    return descriptor.path("digest").textValue();
  }

  @Test
  void layersThatTheSnapshotterHasAreNotFetched() throws Exception {
    containerd.remote();

    Invocation result = pull("--json", image);

    assertThat(result.exitCode()).as(result.err()).isZero();
    JsonNode summary = JSON.readTree(result.out());
    assertThat(summary.path("layers").toString())
        .isEqualTo("{\"total\":2,\"fetched\":0,\"found\":2}");
    assertThat(summary.path("fetchedBytes").longValue()).isZero();
    assertThat(containerd.blobs().keySet())
        .containsExactlyInAnyOrder(summary.path("digest").textValue(), digest(config));
    assertThat(containerd.snapshots()).hasSize(2).allMatch(key -> key.startsWith("sha256:"));
    assertThat(containerd.images()).isEqualTo(Map.of(image, summary.path("digest").textValue()));
    assertThat(containerd.leases()).isEmpty();
    assertThat(containerd.prepared().values())
        .allSatisfy(
            labels ->
                assertThat(labels)
                    .containsEntry("containerd.io/snapshot/cri.image-ref", image)
                    .containsKey("containerd.io/snapshot/cri.layer-digest"));
    assertThat(containerd.blobs().get(digest(config)))
        .containsKey("containerd.io/gc.ref.snapshot.harbour");
  }

  @Test
  void theSummaryForPeopleEndsWithTheCommandThatRunsTheImage() {
    containerd.remote();

    Invocation result = pull("--namespace", "k8s.io", image);

    assertThat(result.out().lines())
        .satisfiesExactly(
            line -> assertThat(line).startsWith("Pulled " + image + "@sha256:"),
            line ->
                assertThat(line).matches("2 layers: 2 found, 0 fetched \\(0 B\\), in [0-9.]+ s"),
            line ->
                assertThat(line)
                    .isEqualTo(
                        "Run it:  ctr --address %s -n k8s.io run --rm -t --snapshotter harbour %s NAME"
                            .formatted(socket, image)));
  }

  @Test
  void forDockersNamespaceThatIsACommandOfDocker() {
    containerd.remote();

    assertThat(pull("--namespace", "moby", image).out())
        .endsWith("Run it:  docker run --rm -it " + image + "\n");
  }

  @Test
  void aLayerThatUnpacksToSomethingElseLeavesNothing() {
    containerd.unpackingTo("sha256:" + "0".repeat(64));

    Invocation result = pull(image);

    assertThat(result.exitCode()).isEqualTo(ExitCode.INVALID);
    assertThat(result.err())
        .contains("layer " + digest(layers.getFirst()) + " unpacks to sha256:000", "is damaged");
    assertThat(containerd.snapshots()).isEmpty();
    assertThat(containerd.images()).isEmpty();
    assertThat(containerd.leases()).isEmpty();
  }

  @Test
  void aBlobThatAnotherClientWritesIsWaitedFor() {
    containerd.remote().locked(3);

    assertThat(pull(image).exitCode()).isZero();
    assertThat(containerd.blobs()).hasSize(2);
  }

  @Test
  void whatAKilledClientLeftIsTakenWhereItIsRightAndReplacedWhereItIsNot() throws Exception {
    byte[] right = Files.readAllBytes(running.getFirst().blob(digest(config)));
    byte[] wrong = new byte[right.length];
    for (byte[] left : List.of(right, wrong, "a part".getBytes(StandardCharsets.US_ASCII))) {
      Path other = socket.resolveSibling("s" + left.length + left[0]);
      String write = "config-" + digest(config);
      try (FakeContainerd fresh = new FakeContainerd(other).remote().begun(write, left)) {
        assertThat(Invocation.of("pull", "--address", other.toString(), image).exitCode()).isZero();
        assertThat(fresh.blobs()).containsKey(digest(config));
        assertThat(fresh.written().contains(write)).isEqualTo(left != right);
      }
    }
  }

  @Test
  void aNameThatStoodForAnotherImageIsGivenToThisOne() throws Exception {
    containerd.remote();
    String list = image.replace("single", "small");
    assertThat(pull(list).exitCode()).isZero();
    String before = containerd.images().get(list);
    LocalRegistry registry = running.getFirst();
    registry.push(work, "one", "small:1");
    try {
      assertThat(pull(list).exitCode()).isZero();
      assertThat(containerd.images().get(list)).isNotEqualTo(before);
    } finally {
      registry.push(work, "both", "small:1");
    }
  }

  @Test
  void ofAListThePlatformThatIsWantedIsPulled() throws Exception {
    containerd.remote();
    String list = image.replace("single", "small");

    JsonNode summary = JSON.readTree(pull("--json", "--platform", "linux/arm64", list).out());

    assertThat(summary.path("platform").textValue()).isEqualTo("linux/arm64");
    assertThat(containerd.blobs()).hasSize(3);
    assertThat(containerd.blobs().get(summary.path("digest").textValue()))
        .containsKeys("containerd.io/gc.ref.content.m.0", "containerd.io/gc.ref.content.m.1");
  }

  @Test
  void aPlatformThatIsNotThereIsSaidWithThoseThatAre() {
    assertThat(pull("--platform", "linux/s390x", image).err())
        .isEqualTo(
            "harbourctl: "
                + image
                + " is not there for linux/s390x, only for linux/amd64; --platform names another\n");
    Invocation list = pull("--platform", "linux/s390x", image.replace("single", "small"));
    assertThat(list.err()).contains("only for linux/amd64, linux/arm64;");
    assertThat(list.exitCode()).isEqualTo(ExitCode.INVALID);
    assertThat(containerd.leases()).isEmpty();
  }

  @Test
  void aContainerdWithoutTheSnapshotterIsSaidBeforeAnythingIsFetched() {
    containerd.withoutSnapshotter();

    Invocation result = pull("localhost:1/not-asked:1");

    assertThat(result.err())
        .contains(
            "containerd at " + socket + " has no snapshotter \"harbour\"",
            "[proxy_plugins.harbour]",
            "harbourctl doctor");
    assertThat(result.err().lines()).hasSize(1);
    assertThat(result.exitCode()).isEqualTo(ExitCode.LOCAL);
    assertThat(containerd.leases()).isEmpty();
  }

  @Test
  void aContainerdThatIsNotThereIsSaidWithItsSocket() {
    String nowhere = socket.resolveSibling("none.sock").toString();

    Invocation result = Invocation.of("pull", "--address", nowhere, image);

    assertThat(result.err())
        .startsWith("harbourctl: can't reach containerd at " + nowhere + ": No such file")
        .contains("is it running", "--address");
    assertThat(result.err().lines()).hasSize(1);
    assertThat(result.exitCode()).isEqualTo(ExitCode.LOCAL);
  }

  @Test
  void anImageThatIsNotThereIsSaidAsElsewhere() {
    Invocation result = pull(image.replace("single", "none"));

    assertThat(result.exitCode()).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(containerd.leases()).isEmpty();
  }
}
