package io.imageharbour.cli;

import static io.imageharbour.cli.LocalRegistry.run;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.Manifest;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.indexer.registry.RegistrySettings;
import io.imageharbour.indexer.registry.Repository;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands that can't do what is asked of them: one line says why, and an exit code. */
class RegistryFailuresTest {

  @TempDir private static Path work = Path.of("");

  private static List<LocalRegistry> running = new ArrayList<>();
  private static String host = "";
  private static String image = "";

  @BeforeAll
  static void convertTheImageThatIsReadAgainAndAgain() throws Exception {
    running.add(LocalRegistry.startWithImages(work));
    host = registry().host();
    image = host + "/small:1-harbour";
  }

  @AfterAll
  static void stop() throws InterruptedException {
    for (LocalRegistry registry : running) {
      registry.close();
    }
  }

  @Test
  void whatHasNoContentIsNotPrinted() {
    assertFailure(ExitCode.NOT_FOUND, "there is no \"nothing\"", "cat", image, "/etc/nothing");
    assertFailure(ExitCode.USAGE, "is a directory", "cat", image, "/etc");
    assertFailure(ExitCode.USAGE, "no regular file", "cat", image, "/dev/null");
    assertFailure(ExitCode.NOT_FOUND, "there is no \"nothing\"", "ls", image, "/nothing");
  }

  @Test
  void whatCantBeRestoredSaysWhy() throws Exception {
    assertFailure(ExitCode.INVALID, "is the index image itself", "restore", image, image);
    assertFailure(ExitCode.INVALID, "ordinary image", "restore", host + "/small:1", host + "/x:1");
    assertFailure(
        ExitCode.USAGE, "TARGET can't have a digest", "restore", image, image + "@" + Digest.EMPTY);
    assertFailure(
        ExitCode.INVALID,
        "linux/s390x",
        "restore",
        "--platform",
        "linux/s390x",
        image,
        host + "/x:1");
    String without = host + "/single:without";
    assertThat(Invocation.of("convert", "--no-recipes", host + "/single", without).out())
        .contains("no recipe");
    assertFailure(ExitCode.INVALID, "--no-recipes", "restore", without, host + "/x:1");
    assertThat(Invocation.of("verify", without).out()).contains("no recipe");
    assertThat(Invocation.of("inspect", without).out()).contains("can't be restored");
  }

  @Test
  void aDamagedPackIsFoundAndNoneOfItsBytesPrinted() throws Exception {
    LocalRegistry registry = start(false);
    registry.push(work, "one", "one:1");
    String damaged = registry.host() + "/one:1-harbour";
    assertThat(Invocation.of("convert", registry.host() + "/one:1").exitCode()).isZero();
    JsonNode packs = Invocation.of("inspect", "--json", damaged).json().at("/platforms/0/packs");
    Path pack = registry.blob(packs.get(0).get("digest").textValue());
    byte[] bytes = Files.readAllBytes(pack);
    for (int i = 1000; i < bytes.length; i += 100_000) {
      bytes[i] ^= 1;
    }
    Files.write(pack, bytes);

    Invocation result = Invocation.of("verify", damaged);
    assertThat(result.exitCode()).isEqualTo(ExitCode.CHECK_FAILED);
    assertThat(result.out()).contains("DAMAGED");
    JsonNode json = new ObjectMapper().readTree(Invocation.of("verify", "--json", damaged).out());
    assertThat(json.at("/0/sound").booleanValue()).isFalse();
    assertThat(json.at("/0/problems")).isNotEmpty();
    assertFailure(ExitCode.INVALID, "", "cat", damaged, "/usr/lib/big");
  }

  @Test
  void anOrdinaryImageIsNoIndexImage() {
    for (String command : List.of("inspect", "ls", "verify")) {
      assertFailure(ExitCode.INVALID, host + "/small", command, host + "/small:1");
    }
  }

  @Test
  void anIndexOfALaterHarbourHasACodeOfItsOwnAndAsksForAnUpdate() throws Exception {
    String future = host + "/small:future";
    pushWithIndexVersion(2, "future");
    for (String command : List.of("inspect", "ls", "verify")) {
      assertFailure(ExitCode.TOO_NEW, "upgrade Harbour here", command, future);
    }
    assertFailure(ExitCode.TOO_NEW, "format version 2", "cat", future, "/etc/os-release");
  }

  @Test
  void aPlatformThatTheImageDoesNotHaveIsNoSuccess() {
    for (String command : List.of("inspect", "ls", "verify")) {
      assertFailure(ExitCode.INVALID, "linux/s390x", command, "--platform", "linux/s390x", image);
    }
  }

  @Test
  void anIndexImageIsNotConvertedAgain() {
    assertFailure(ExitCode.INVALID, "", "convert", image);
  }

  @Test
  void aMissingImageIsNotFound() {
    assertFailure(ExitCode.NOT_FOUND, host + "/small", "inspect", host + "/small:none");
    assertFailure(ExitCode.NOT_FOUND, host + "/nowhere", "convert", host + "/nowhere:1");
  }

  @Test
  void aRegistryThatDoesNotListenIsANetworkErrorThatNobodyWaitsFor() throws IOException {
    String nobody = "127.0.0.1:" + LocalRegistry.freePort();
    long begin = System.nanoTime();
    assertFailure(ExitCode.NETWORK, nobody, "inspect", nobody + "/x");
    assertFailure(ExitCode.NETWORK, "Check the name and the port", "convert", nobody + "/x");
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(10));
  }

  @Test
  void withoutThePasswordAllIsUnauthorisedAndWithItAllWorks() throws Exception {
    LocalRegistry registry = start(true);
    registry.push(work, "one", "one:1");
    String source = registry.host() + "/one:1";
    Path none = Files.createDirectories(work.resolve("no-docker"));
    assertFailure(
        ExitCode.UNAUTHORISED,
        registry.host(),
        "convert",
        "--docker-config",
        none.toString(),
        source);

    Path docker = Files.createDirectories(work.resolve("docker"));
    run(
        "skopeo",
        "login",
        "--tls-verify=false",
        "--authfile=" + docker.resolve("config.json"),
        "--username=user",
        "--password=" + LocalRegistry.PASSWORD,
        registry.host());
    Invocation result = Invocation.of("convert", "--docker-config", docker.toString(), source);
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.out() + result.err()).doesNotContain(LocalRegistry.PASSWORD);
  }

  private static LocalRegistry start(boolean wantsPassword) throws Exception {
    Path directory = Files.createDirectories(work.resolve("registry" + running.size()));
    LocalRegistry registry = LocalRegistry.start(directory, wantsPassword);
    running.add(registry);
    return registry;
  }

  private static LocalRegistry registry() {
    return running.getFirst();
  }

  /** Pushes the image with another version in its index, as the Harbour of that version would. */
  private static void pushWithIndexVersion(int version, String tag) throws Exception {
    try (RegistryClient client = new RegistryClient(RegistrySettings.defaults())) {
      Repository repository = client.repository(ImageReference.parse(image).repository());
      JsonNode list = new ObjectMapper().readTree(repository.manifest("1-harbour").bytes());
      Manifest manifest = repository.manifest(list.at("/manifests/0/digest").textValue());
      JsonNode json = new ObjectMapper().readTree(manifest.bytes());
      ObjectNode layer = (ObjectNode) json.at("/layers/0");
      byte[] tar;
      try (InputStream gzip =
          new GZIPInputStream(
              Files.newInputStream(registry().blob(layer.get("digest").textValue())))) {
        tar = gzip.readAllBytes();
      }
      int magic = new String(tar, StandardCharsets.ISO_8859_1).indexOf("\u0089HARBOUR");
      ByteBuffer.wrap(tar).order(ByteOrder.LITTLE_ENDIAN).putInt(magic + 8, version);
      repository.uploadBlob(tar);
      layer.put("mediaType", "application/vnd.oci.image.layer.v1.tar");
      layer.put("digest", Digest.sha256(tar).toString()).put("size", tar.length);
      repository.putManifest(
          tag, manifest.mediaType(), json.toString().getBytes(StandardCharsets.UTF_8));
    }
  }

  private static void assertFailure(int exitCode, String message, String... arguments) {
    Invocation result = Invocation.of(arguments);
    List<String> errors =
        result.err().lines().filter(line -> !line.contains(": warning: ")).toList();
    assertThat(errors).hasSize(1);
    assertThat(errors.getFirst()).startsWith("harbourctl: ").contains(message);
    assertThat(result.exitCode()).as(result.err()).isEqualTo(exitCode);
    assertThat(result.out()).isEmpty();
  }
}
