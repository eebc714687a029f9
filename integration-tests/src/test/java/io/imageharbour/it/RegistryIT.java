package io.imageharbour.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.indexer.Digest;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.Network;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.RegistryServer;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.image.OciLayout;
import io.imageharbour.testbed.image.RegistryStorage;
import io.imageharbour.testbed.image.TestImages;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What conversion leaves in a registry, and what registries and copying tools do with it. */
@ExtendWith(TestbedExtension.class)
final class RegistryIT {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String OTHER_ARCHITECTURE =
      TestImages.architecture().equals("amd64") ? "arm64" : "amd64";

  @Test
  void twoImagesThatShareFilesStoreAndFetchThemOnce(SharedTestbed testbed) throws Exception {
    try (RegistryServer registry =
            RegistryServer.start(testbed.workspace(), "rs", Network.loopback());
        Node node = testbed.node("s")) {
      SharedTestbed.Converted nginx = testbed.convert(registry, "shared", testbed.images().nginx());
      String second = registry.add(testbed.images().redis(), "shared", "redis");
      JsonNode redis = testbed.tree().convert(second, second + "-harbour");

      node.ctr().pull(Snapshotter.HARBOUR, nginx.reference());
      Set<String> first = readAll(testbed, node, nginx.reference());
      assertThat(node.harbourd().cached()).isEqualTo(first);
      int answered = registry.responses().size();
      node.ctr().pull(Snapshotter.HARBOUR, second + "-harbour");
      Set<String> then = readAll(testbed, node, second + "-harbour");
      Set<String> both = new TreeSet<>(first);
      both.addAll(then);
      assertThat(node.harbourd().cached()).isEqualTo(both);

      int shared = first.size() + then.size() - both.size();
      assertThat(shared).isGreaterThan(3000);
      // the empty content needs no pack, and counts
      assertThat(redis.path("uniqueFiles").asInt()).isEqualTo(then.size() + 1);
      assertThat(redis.path("referencedFiles").asInt()).isEqualTo(shared);
      Set<String> packs = packs(testbed, nginx.reference());
      Set<String> added = packs(testbed, second + "-harbour");
      assertThat(added).containsAll(packs);
      added.removeAll(packs);
      RegistryStorage storage = new RegistryStorage(registry.storage());
      long addedBytes = 0;
      for (String pack : added) {
        addedBytes += Files.size(storage.blob(Digest.parse(pack)));
      }
      assertThat(redis.path("packBytes").asLong()).isPositive().isEqualTo(addedBytes);

      List<RegistryServer.Response> responses = registry.responses();
      assertThat(responses.subList(answered, responses.size()))
          .extracting(RegistryServer.Response::path)
          .anyMatch(path -> added.stream().anyMatch(path::contains))
          .noneMatch(path -> packs.stream().anyMatch(path::contains));
    }
  }

  @Test
  void garbageCollectionAfterConvertingRemovesNothingThatIsNeeded(SharedTestbed testbed)
      throws Exception {
    try (RegistryServer registry =
            RegistryServer.start(testbed.workspace(), "rg", Network.loopback());
        Node node = testbed.node("g")) {
      SharedTestbed.Converted debian =
          testbed.convert(registry, "debian", testbed.images().debian());
      long before = registry.storedBytes();
      byte[] garbage = "nothing refers to this".getBytes(UTF_8);
      Path blob = new RegistryStorage(registry.storage()).blob(Digest.sha256(garbage));
      Files.createDirectories(blob.getParent());
      Files.write(blob, garbage);

      registry.collectGarbage();

      assertThat(blob).doesNotExist();
      assertThat(registry.storedBytes()).isEqualTo(before);
      testbed.tree().harbourctl("verify", "--plain-http", debian.reference()).run();
      node.ctr().pull(Snapshotter.HARBOUR, debian.reference());
      assertThat(node.ctr().run(Snapshotter.HARBOUR, debian.reference(), "echo", "runs").output())
          .isEqualTo("runs");
    }
  }

  @Test
  void anImageThatSkopeoCopiedRunsFromThereAfterTheFirstRegistryIsGone(SharedTestbed testbed)
      throws Exception {
    try (RegistryServer second =
            RegistryServer.start(testbed.workspace(), "r2", Network.loopback());
        Node node = testbed.node("k")) {
      String copied = second.reference("elsewhere/copied:1");
      String sum;
      try (RegistryServer first =
          RegistryServer.start(testbed.workspace(), "r1", Network.loopback())) {
        SharedTestbed.Converted debian =
            testbed.convert(first, "debian", testbed.images().debian());
        Command.of("skopeo", "copy", "--quiet", "--all", "--src-tls-verify=false")
            .withArguments("--dest-tls-verify=false")
            .withArguments("docker://" + debian.reference(), "docker://" + copied)
            .run();
        node.ctr().pull(Snapshotter.OVERLAYFS, debian.original());
        sum =
            node.ctr()
                .run(Snapshotter.OVERLAYFS, debian.original(), "sha256sum", "/bin/ls")
                .output();
      }

      node.ctr().pull(Snapshotter.HARBOUR, copied);
      assertThat(node.ctr().run(Snapshotter.HARBOUR, copied, "sha256sum", "/bin/ls").output())
          .isEqualTo(sum)
          .endsWith("  /bin/ls");
      testbed.tree().harbourctl("verify", "--plain-http", copied).run();
    }
  }

  @Test
  void everyPlatformOfAnImageIsConverted(SharedTestbed testbed) throws Exception {
    Path directory = testbed.workspace().directory("two-platforms");
    OciLayout debian = testbed.images().debian();
    OciLayout layout = OciLayout.create(directory);
    OciLayout.Layer layer = layout.addLayer(debian, debian.layers().getFirst());
    Map<String, OciLayout.Descriptor> platforms = new TreeMap<>();
    for (String architecture : List.of("amd64", "arm64")) {
      platforms.put(
          architecture,
          layout.addImage(architecture, List.of(layer), List.of("echo", architecture)));
    }
    layout.finish(layout.addIndex(platforms));

    SharedTestbed.Converted converted =
        testbed.convert(testbed.registry(), "two-platforms", layout);

    assertThat(converted.summary().path("platforms").findValuesAsText("platform"))
        .containsExactlyInAnyOrder("linux/amd64", "linux/arm64");
    assertThat(
            inspect(List.of(), converted.reference(), "--raw")
                .path("manifests")
                .findValuesAsText("architecture"))
        .contains("amd64", "arm64", "unknown");
    assertThat(
            inspect(
                    List.of("--override-arch", OTHER_ARCHITECTURE),
                    converted.reference(),
                    "--config")
                .at("/config/Cmd/1")
                .asText())
        .isEqualTo(OTHER_ARCHITECTURE);
    try (Node node = testbed.node("p")) {
      node.ctr().pull(Snapshotter.HARBOUR, converted.reference());
      assertThat(node.ctr().run(Snapshotter.HARBOUR, converted.reference()).output())
          .isEqualTo(TestImages.architecture());
    }
  }

  @Test
  void zstdReadsEveryPackWhole(SharedTestbed testbed) throws Exception {
    RegistryStorage storage = new RegistryStorage(testbed.registry().storage());
    List<Path> packs = new ArrayList<>();
    for (SharedTestbed.Converted image : List.of(testbed.python(), testbed.odd())) {
      JsonNode index = inspect(List.of(), image.reference(), "--raw");
      for (JsonNode entry : index.path("manifests")) {
        Digest digest = Digest.parse(entry.path("digest").asText());
        for (JsonNode layer : JSON.readTree(storage.blob(digest).toFile()).path("layers")) {
          if (layer.path("mediaType").asText().contains("imageharbour.pack")) {
            packs.add(storage.blob(Digest.parse(layer.path("digest").asText())));
          }
        }
      }
    }

    assertThat(packs).hasSizeGreaterThanOrEqualTo(2);
    for (Path pack : packs) {
      Command.of("sh", "-euc", "zstd --test < \"$1\"", "test", pack).run();
    }
  }

  @Test
  void theSameImageConvertsToTheSameDigest(SharedTestbed testbed) throws Exception {
    try (RegistryServer registry =
        RegistryServer.start(testbed.workspace(), "rd", Network.loopback())) {
      SharedTestbed.Converted again =
          testbed.convert(registry, "python", testbed.images().python());

      // The index names the repository that its packs were pushed to, which is another one.
      assertThat(again.summary().at("/platforms/0/packs").asText())
          .isNotEmpty()
          .isEqualTo(testbed.python().summary().at("/platforms/0/packs").asText());
      assertThat(
              testbed.tree().convert(again.original(), again.original() + "-again").path("digest"))
          .isEqualTo(again.summary().path("digest"));
    }
  }

  private static JsonNode inspect(List<String> global, String reference, String option)
      throws Exception {
    return JSON.readTree(
        Command.of("skopeo")
            .withArguments(global.toArray())
            .withArguments("inspect", "--tls-verify=false", option, "docker://" + reference)
            .run()
            .bytes());
  }

  /** Reads every file of an image and answers their digests. */
  private static Set<String> readAll(SharedTestbed testbed, Node node, String image)
      throws Exception {
    Path tree = testbed.workspace().directory("m/read");
    node.ctr().mountImage(Snapshotter.HARBOUR, image, tree);
    try {
      return Command.of("find", tree, "-type", "f", "-size", "+0")
          .withArguments("-exec", "sha256sum", "{}", "+")
          .run()
          .text()
          .lines()
          .map(line -> line.replaceFirst("^\\\\", "").substring(0, 64))
          .collect(Collectors.toCollection(TreeSet::new));
    } finally {
      node.ctr().unmountImage(Snapshotter.HARBOUR, tree);
    }
  }

  /** The digests of the packs that an image's files are in. */
  private static Set<String> packs(SharedTestbed testbed, String image) throws Exception {
    JsonNode report =
        JSON.readTree(
            testbed.tree().harbourctl("inspect", "--plain-http", "--json", image).run().bytes());
    return new TreeSet<>(report.at("/platforms/0/packs").findValuesAsText("digest"));
  }
}
