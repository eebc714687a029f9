package io.imageharbour.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.indexer.Digest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Images of a real registry, and agents in this process that they are loaded into. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class PoolImagesTest {

  private static final long MEMORY = 32 << 20;

  /** Chunks that a content of more than 1 MiB is cut into. */
  private static final int CHUNK = 256 << 10;

  @TempDir private static Path work = Path.of("");
  private static Optional<LocalRegistry> running = Optional.empty();
  private static String image = "";

  @TempDir Path directory;
  private final List<LocalAgent> agents = new ArrayList<>();

  @BeforeAll
  static void convert() throws Exception {
    LocalRegistry.makeImages(work);
    running = Optional.of(registry(work.resolve("registry")));
    image = registry().host() + "/one:1-harbour";
    registry().push(work, "both", "both:1");
    assertThat(Invocation.of("convert", registry().host() + "/both:1").exitCode()).isZero();
  }

  @AfterAll
  static void stop() throws InterruptedException {
    registry().close();
  }

  @BeforeEach
  void startAnAgent() throws Exception {
    agent("a", MEMORY);
  }

  @AfterEach
  void stopAgents() {
    agents.forEach(LocalAgent::close);
  }

  @Test
  void exactlyTheChunksOfTheImageAreLoaded() throws Exception {
    Set<String> expected = chunks();
    Invocation result = pool("load", image);
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.out())
        .contains("image         " + image + ", linux/amd64\n")
        .contains("there before  0 chunks, 0 B\n")
        .containsPattern(
            "loaded        %d chunks, 6\\.0 MB in [0-9.]+ s\n".formatted(expected.size()))
        .hasLineCount(3);
    assertThat(result.err()).startsWith("load: 6.0 MB in ").hasLineCount(1);
    assertThat(listed()).isEqualTo(expected);
    assertThat(pool("ls", image).out()).endsWith("100 %\n");
  }

  @Test
  void ofAProfileOnlyItsFilesAreLoaded() throws Exception {
    Path profile = directory.resolve("start.txt");
    Files.writeString(profile, "/usr/bin/hello\n\n/usr/bin/hello\n/proc/self/maps\n/usr\n");
    Invocation result = pool("load", "--profile", profile.toString(), image);
    assertThat(result.exitCode()).as(result.err()).isZero();
    byte[] hello = Files.readAllBytes(work.resolve("root/usr/bin/hello"));
    assertThat(listed()).containsExactly(Digest.sha256(hello).toString());
    JsonNode gone = new ObjectMapper().readTree(pool("evict", "--json", image).out());
    assertThat(gone.at("/0/agent").textValue()).isEqualTo(agents.getFirst().endpoint());
    assertThat(gone.at("/0/contents").intValue()).isEqualTo(1);
    assertThat(gone.at("/0/bytes").intValue()).isEqualTo(hello.length);
  }

  @Test
  void aProfileThatCannotBeUsedIsSaid() throws Exception {
    Path profile = directory.resolve("start.txt");
    assertThat(pool("load", "--profile", profile.toString(), image).err())
        .contains("start.txt: no such file");
    Files.write(profile, new byte[] {'/', (byte) 0xff});
    assertThat(pool("load", "--profile", profile.toString(), image).err())
        .contains("start.txt: is no text in UTF-8");
    Files.writeString(profile, "/nothing\n");
    Invocation nothing = pool("load", "--profile", profile.toString(), image);
    assertThat(nothing.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(nothing.err()).contains("none of the files");
    assertThat(listed()).isEmpty();
  }

  @Test
  void whatIsThereIsNotFetchedAgain() throws Exception {
    int all = chunks().size();
    assertThat(pool("load", image).exitCode()).isZero();
    byte[] hello = Files.readAllBytes(work.resolve("root/usr/bin/hello"));
    assertThat(pool("evict", Digest.sha256(hello).toString()).out()).contains("gave up 1 content");
    try (LimitingProxy proxy = LimitingProxy.cutting(registry().port(), Long.MAX_VALUE)) {
      JsonNode json =
          new ObjectMapper().readTree(pool("load", "--json", through(proxy)).out()).get(0);
      assertThat(json.at("/thereBefore/chunks").intValue()).isEqualTo(all - 1);
      assertThat(json.at("/loaded/chunks").intValue()).isEqualTo(1);
      assertThat(json.at("/loaded/bytes").intValue()).isEqualTo(hello.length);
      assertThat(json.at("/complete").booleanValue()).isTrue();
      // the index and one frame of small files
      assertThat(proxy.bytes()).isLessThan(100_000);
    }
  }

  @Test
  void connectionsThatBreakAreGoneOnWithWhereTheyBroke() throws Exception {
    try (LimitingProxy proxy = LimitingProxy.cutting(registry().port(), 1_500_000)) {
      Invocation result = pool("load", through(proxy));
      assertThat(result.exitCode()).as(result.err()).isZero();
      assertThat(proxy.cuts()).isPositive();
      // at most a frame is fetched twice for each
      assertThat(proxy.bytes()).isLessThan(6_100_000 + proxy.cuts() * 300_000L);
    }
    assertThat(listed()).isEqualTo(chunks());
  }

  @Test
  void aPoolOfTwoIsLoadedAsNodesReadIt() throws Exception {
    agent("b", MEMORY);
    assertThat(pool("load", image).exitCode()).isZero();
    assertThat(pool("ls", image).out()).endsWith("100 %\n");
    // each has its share, and nothing is there twice
    List<String> lines = pool("ls").out().lines().toList();
    assertThat(lines).hasSize(chunks().size());
    for (LocalAgent agent : agents) {
      assertThat(lines).filteredOn(line -> line.endsWith(agent.endpoint())).hasSizeGreaterThan(3);
    }
    Invocation evicted = pool("evict", image);
    assertThat(evicted.exitCode()).isZero();
    assertThat(pool("ls").out()).isEmpty();
    JsonNode none = new ObjectMapper().readTree(pool("ls", "--json", image).out());
    assertThat(none.at("/0/bytes/there").intValue()).isZero();
    assertThat(none.at("/0/chunks/all").intValue()).isEqualTo(lines.size());
    // os-release, hello, big, café, owned, architecture
    assertThat(none.at("/0/files/all").intValue()).isEqualTo(6);
  }

  @Test
  void withoutOneOfTwoAgentsTheShareOfTheOtherIsLoadedButItIsNoSuccess() throws Exception {
    agent("b", MEMORY);
    agents.getLast().close();
    Invocation result = pool("load", image);
    assertThat(result.exitCode()).isEqualTo(ExitCode.NETWORK);
    assertThat(result.out()).containsPattern("not known     [0-9]+ chunks, .*don't answer\n");
    assertThat(result.err())
        .contains("harbourctl: agent at " + agents.getLast().endpoint() + ": can't be reached: ");
    assertThat(listed()).hasSizeBetween(3, chunks().size() - 3);
    Invocation share = pool("ls", image);
    assertThat(share.exitCode()).isEqualTo(ExitCode.NETWORK);
    assertThat(share.out()).containsPattern(" [1-9][0-9]? %\n");
  }

  @Test
  void withoutAnyAgentNothingIsFetched() {
    agents.getFirst().close();
    Invocation result = pool("load", image);
    assertThat(result.exitCode()).isEqualTo(ExitCode.NETWORK);
    assertThat(result.out()).isEmpty();
    assertThat(result.err().lines().filter(line -> !line.contains("warning: ")))
        .singleElement()
        .asString()
        .startsWith("harbourctl: agent at " + agents.getFirst().endpoint());
  }

  @Test
  void anImageThatDoesNotFitIsNoSuccess() throws Exception {
    Path big = Files.createDirectories(directory.resolve("big"));
    LocalRegistry.makeImages(big, 20 << 20);
    LocalAgent small = LocalAgent.start(directory, "small", 16 << 20);
    agents.getFirst().close();
    agents.set(0, small);
    try (LocalRegistry other = registry(big.resolve("registry"), big)) {
      String large = other.host() + "/one:1-harbour";
      Invocation result = pool("load", large);
      assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.CHECK_FAILED);
      assertThat(result.out()).containsPattern("not kept      [0-9]+ chunks, [45]\\.[0-9] MB: ");
      assertThat(pool("ls", large).out()).containsPattern(" 7[0-9] %\n");
    }
  }

  @Test
  void ofADamagedPackNothingWrongIsLoaded() throws Exception {
    Path other = Files.createDirectories(directory.resolve("registry"));
    try (LocalRegistry registry = registry(other)) {
      String damaged = registry.host() + "/one:1-harbour";
      JsonNode packs =
          new ObjectMapper()
              .readTree(Invocation.of("inspect", "--json", damaged).out())
              .at("/platforms/0/packs");
      Path pack = registry.blob(packs.get(0).get("digest").textValue());
      byte[] bytes = Files.readAllBytes(pack);
      bytes[bytes.length / 2] ^= 1;
      Files.write(pack, bytes);
      Invocation result = pool("load", damaged);
      assertThat(result.exitCode()).isEqualTo(ExitCode.INVALID);
      assertThat(result.err()).contains("harbourctl: The frame at ", " of pack sha256:");
      assertThat(chunks()).containsAll(listed());
    }
  }

  @Test
  void whatIsNoIndexImageIsNotLoaded() {
    String host = registry().host();
    assertThat(pool("load", host + "/one:1").exitCode()).isEqualTo(ExitCode.INVALID);
    assertThat(pool("ls", host + "/one:1").err()).contains("harbourctl convert").hasLineCount(1);
    assertThat(pool("evict", host + "/one:none").exitCode()).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(pool("load", "UPPER").exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(pool("load", "--platform", "linux/s390x", image).exitCode())
        .isEqualTo(ExitCode.INVALID);
  }

  @Test
  void severalImagesShareWhatTheyHaveInCommon() throws Exception {
    String both = registry().host() + "/both:1-harbour";
    JsonNode json =
        new ObjectMapper()
            .readTree(pool("load", "--json", "--platform", "linux/amd64", image, both).out());
    assertThat(json.at("/0/loaded/chunks").intValue()).isEqualTo(chunks().size());
    assertThat(json.at("/1/thereBefore/chunks").intValue()).isEqualTo(chunks().size());
    assertThat(json.at("/1/loaded/chunks").intValue()).isZero();
    // evicted for all its platforms
    assertThat(pool("load", "--platform", "linux/arm64", both).exitCode()).isZero();
    assertThat(listed()).hasSize(chunks().size() + 1);
    assertThat(pool("evict", both).exitCode()).isZero();
    assertThat(listed()).isEmpty();
  }

  private static LocalRegistry registry() {
    return running.orElseThrow();
  }

  /** Another registry with the same image. */
  private static LocalRegistry registry(Path directory) throws Exception {
    return registry(directory, work);
  }

  private static LocalRegistry registry(Path directory, Path images) throws Exception {
    LocalRegistry registry = LocalRegistry.start(Files.createDirectories(directory), false);
    registry.push(images, "one", "one:1");
    assertThat(Invocation.of("convert", registry.host() + "/one:1").exitCode()).isZero();
    return registry;
  }

  private static String through(LimitingProxy proxy) {
    return proxy.host() + "/one:1-harbour";
  }

  private void agent(String id, long memory) throws Exception {
    agents.add(LocalAgent.start(directory, id, memory));
  }

  /** The digests of what {@code pool ls} shows. */
  private Set<String> listed() {
    return pool("ls")
        .out()
        .lines()
        .map(line -> line.split(" ", -1)[0])
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** The digests of the image's files for amd64; big ones in pieces. */
  private static Set<String> chunks() throws Exception {
    Set<String> digests = new TreeSet<>();
    digests.add(Digest.sha256("amd64\n".getBytes(StandardCharsets.UTF_8)).toString());
    try (Stream<Path> tree = Files.walk(work.resolve("root"))) {
      for (Path file :
          tree.sorted(Comparator.naturalOrder()).filter(Files::isRegularFile).toList()) {
        byte[] bytes = Files.readAllBytes(file);
        int piece = bytes.length > 1 << 20 ? CHUNK : Math.max(1, bytes.length);
        for (int at = 0; at < bytes.length; at += piece) {
          digests.add(
              Digest.sha256(ByteBuffer.wrap(bytes, at, Math.min(piece, bytes.length - at)))
                  .toString());
        }
      }
    }
    return digests;
  }

  private Invocation pool(String... arguments) {
    List<String> all = new ArrayList<>(List.of("pool"));
    all.addAll(List.of(arguments));
    agents.forEach(agent -> all.addAll(List.of("--agent", agent.endpoint())));
    all.addAll(List.of("--token-file", LocalAgent.token(directory).toString()));
    return Invocation.of(all.toArray(String[]::new));
  }
}
