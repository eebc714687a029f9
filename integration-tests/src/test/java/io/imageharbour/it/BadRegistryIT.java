package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.indexer.Digest;
import io.imageharbour.testbed.Await;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.FaultProxy;
import io.imageharbour.testbed.FaultProxy.Fault;
import io.imageharbour.testbed.Network;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.RegistryServer;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.image.RegistryStorage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** A registry, or the way to it, that does not do what it should. */
@ExtendWith(TestbedExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class BadRegistryIT {

  /** Files of the odd image that do not compress and have frames of their own. */
  private static final int WRONG = 65_537;

  private static final int OTHER = 4_194_303;

  private static final Duration LITTLE = Duration.ofSeconds(10);

  private SharedTestbed testbed;
  private RegistryServer registry;
  private FaultProxy proxy;
  private String image;
  private String packPath = "";
  private long offsetInPack;
  private Node node;
  private Path tree;

  /**
   * The image knows no other place than the proxy's, which was the registry's when it was pushed.
   */
  @BeforeAll
  void putAProxyWhereTheRegistryWas(SharedTestbed shared) throws Exception {
    testbed = shared;
    try (RegistryServer first =
        RegistryServer.start(testbed.workspace(), "rb", Network.loopback())) {
      SharedTestbed.Converted odd = testbed.convert(first, "odd", testbed.images().odd());
      image = odd.reference();
      registry = RegistryServer.startMirror(testbed.workspace(), "rb2", Network.loopback(), first);
      findContent(first, odd.summary().at("/platforms/0/packs").asText());
      first.close();
      proxy = FaultProxy.before(registry, first.port());
    }
  }

  @BeforeEach
  void pullWithAnEmptyCache() throws Exception {
    node = testbed.node("b");
    node.ctr().pull(Snapshotter.HARBOUR, image);
    tree = testbed.workspace().directory("m/bad");
    node.ctr().mountImage(Snapshotter.HARBOUR, image, tree);
  }

  @AfterEach
  void removeNode() throws Exception {
    proxy.set(new Fault.None());
    node.ctr().unmountImage(Snapshotter.HARBOUR, tree);
    node.close();
    Node.remove(testbed.workspace(), "b");
  }

  @AfterAll
  void stopRegistry() throws Exception {
    proxy.close();
    registry.close();
  }

  @Test
  void aWrongByteFailsTheReadOfThatFileAndNoOther() throws Exception {
    proxy.set(new Fault.WrongByte(packPath, offsetInPack));

    Command.Output wrong = Command.of("cat", file(WRONG)).attempt();
    Command.Output other = Command.of("sha256sum", file(OTHER)).run();

    assertThat(wrong.exit()).isEqualTo(1);
    assertThat(wrong.errors()).contains("Input/output error");
    assertThat(wrong.bytes()).isEmpty();
    // asked twice more, in case that a cable was to blame
    assertThat(proxy.faults()).isGreaterThanOrEqualTo(3);
    assertThat(other.text()).startsWith(Digest.sha256(content(OTHER)).hex());
    assertThat(node.harbourd().cached())
        .contains(Digest.sha256(content(OTHER)).hex())
        .doesNotContain(Digest.sha256(content(WRONG)).hex());
    Path ingest = node.harbourd().root().resolve("ingest");
    Await.until("nothing in " + ingest, LITTLE, () -> isEmpty(ingest));
    Await.until("the failure in the log", LITTLE, () -> !failuresOfWrong().isEmpty());
    assertThat(failuresOfWrong())
        .singleElement()
        .asString()
        .containsPattern(" image=[^ ]")
        .contains(" path=/files/random-" + WRONG + " ")
        .containsPattern(" cause=\".*the " + WRONG + " bytes that came have sha256:");
  }

  @Test
  void aFileThatCouldNotBeReadCanBeReadWhenTheRegistryIsWellAgain() throws Exception {
    proxy.set(new Fault.WrongByte(packPath, offsetInPack));
    Command.Output first = Command.of("cat", file(WRONG)).attempt();
    assertThat(first.exit()).isEqualTo(1);
    assertThat(first.bytes()).isEmpty();

    proxy.set(new Fault.None());

    assertThat(Command.of("cat", file(WRONG)).run().bytes()).isEqualTo(content(WRONG));
  }

  @Test
  void aConnectionThatBreaksAndARegistryThatIsBusyAreTriedAgain() throws Exception {
    proxy.set(new Fault.Cut(packPath, 10_000, 2));
    assertThat(Command.of("cat", file(WRONG)).run().bytes()).isEqualTo(content(WRONG));
    assertThat(proxy.faults()).isPositive();

    proxy.set(new Fault.Refuse(packPath, 503, 2));
    assertThat(Command.of("cat", file(OTHER)).run().bytes()).isEqualTo(content(OTHER));
    assertThat(proxy.faults()).isGreaterThanOrEqualTo(2);
  }

  @Test
  void aConnectionThatFallsSilentIsGivenUpAndTheReadGoesOn() throws Exception {
    proxy.set(new Fault.Stall(packPath, 10_000, 1));
    long begin = System.nanoTime();

    assertThat(Command.of("cat", file(WRONG)).run().bytes()).isEqualTo(content(WRONG));

    // harbourd gives a silent connection 20 seconds
    assertThat(Duration.ofNanos(System.nanoTime() - begin))
        .isBetween(Duration.ofSeconds(15), Duration.ofSeconds(50));
    assertThat(proxy.faults()).isGreaterThan(1);
  }

  @Test
  void aRegistryThatIgnoresRangesIsReadWhole() throws Exception {
    proxy.set(new Fault.IgnoredRange(packPath));

    assertThat(Command.of("cat", file(WRONG)).run().bytes()).isEqualTo(content(WRONG));
    assertThat(Command.of("cat", file(OTHER)).run().bytes()).isEqualTo(content(OTHER));

    assertThat(proxy.faults()).as("ranges asked for in vain").isEqualTo(1);
  }

  /** The lines of the log that say that the file of the wrong byte could not be had. */
  private List<String> failuresOfWrong() throws IOException {
    String digest = "digest=" + Digest.sha256(content(WRONG)) + " ";
    return node.harbourd()
        .process()
        .log()
        .lines()
        .filter(line -> line.contains("event=open-failed") && line.contains(digest))
        .toList();
  }

  private static boolean isEmpty(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.findAny().isEmpty();
    }
  }

  private Path file(int size) {
    return tree.resolve("files/random-" + size);
  }

  private static byte[] content(int size) {
    byte[] bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    return bytes;
  }

  /** Finds where the pack holds the file, which zstd cannot make smaller and so keeps as it is. */
  private void findContent(RegistryServer server, String packManifest) throws Exception {
    RegistryStorage storage = new RegistryStorage(server.storage());
    JsonNode manifest =
        new ObjectMapper().readTree(storage.blob(Digest.parse(packManifest)).toFile());
    String sample = latin1(content(WRONG)).substring(1000, 1064);
    for (JsonNode layer : manifest.path("layers")) {
      Digest pack = Digest.parse(layer.path("digest").asText());
      int at = latin1(Files.readAllBytes(storage.blob(pack))).indexOf(sample);
      if (at >= 0) {
        packPath = "/blobs/" + pack;
        offsetInPack = at;
      }
    }
    assertThat(packPath).isNotEmpty();
  }

  private static String latin1(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }
}
