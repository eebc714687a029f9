package io.imageharbour.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.client.PoolClient;
import io.imageharbour.pool.cluster.EtcdConfig;
import io.imageharbour.pool.security.PoolSecurity;
import io.imageharbour.snapshotter.PoolOverrides;
import io.imageharbour.snapshotter.PoolSettings;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What {@code harbourctl pool} says of agents, and has them do. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class PoolCommandsTest {

  private static final long MEMORY = 32 << 20;
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  @TempDir Path directory;
  private final List<AutoCloseable> opened = new ArrayList<>();
  private LocalAgent a;
  private LocalAgent b;

  @BeforeEach
  void startTwoAgents() throws Exception {
    a = agent("a");
    b = agent("b");
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable each : opened.reversed()) {
      each.close();
    }
  }

  @Test
  void statusShowsEveryAgentAndTheirSum() throws Exception {
    Invocation result = pool("status");
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.out())
        .contains(a.endpoint() + "  a\n", b.endpoint() + "  b\n")
        .containsPattern("  up        [0-9.]+ s\n")
        .contains(
            "  memory    0 B of 32.0 MiB (0 %), fragmentation 0.0 %\n",
            "  contents  0; came 0, evicted 0, no room for 0, not admitted 0, wrong 0\n",
            "  reads     none that clients told of\n",
            "  clients   0 sessions over shm, tcp; 0 B for writing\n",
            "  policy    lru\n")
        .endsWith("\n2 agents: 0 B of 64.0 MiB (0 %), 0 contents, no reads yet\n");
    JsonNode json = new ObjectMapper().readTree(pool("status", "--json").out());
    assertThat(json.at("/agents/0/id").textValue()).isEqualTo("a");
    assertThat(json.at("/agents/1/address").textValue()).isEqualTo(b.endpoint());
    assertThat(json.at("/agents/1/transports/1").textValue()).isEqualTo("tcp");
    assertThat(json.at("/agents/0/hitRatio").isNull()).isTrue();
    assertThat(json.at("/sum/capacity").longValue()).isEqualTo(2 * MEMORY);
  }

  @Test
  void statusTellsHitsAndMissesOfClients() throws Exception {
    try (PoolClient client = client()) {
      byte[] content = new byte[100_000];
      bring(client, content);
      for (int i = 0; i < 3; i++) {
        assertThat(client.read(Digest.sha256(content), content.length, _ -> true)).isTrue();
      }
      assertThat(client.read(Digest.sha256(new byte[7]), 7, _ -> true)).isFalse();
      await(() -> pool("status", "--json").out().contains("\"misses\" : 1"));
      JsonNode sum = new ObjectMapper().readTree(pool("status", "--json").out()).get("sum");
      assertThat(sum.get("hits").longValue()).isEqualTo(3);
      assertThat(sum.get("hitBytes").longValue()).isEqualTo(300_000);
      assertThat(sum.get("hitRatio").doubleValue()).isEqualTo(0.75);
      assertThat(pool("status").out()).contains("3 hits (300.0 kB), ").contains("75.0 % hits\n");
    }
  }

  @Test
  void anAgentThatIsDownIsShownWithTheReasonAndTheOthersTooButItIsNoSuccess() throws Exception {
    String gone = b.endpoint();
    b.close();
    Invocation result = pool("status");
    assertThat(result.exitCode()).isEqualTo(ExitCode.NETWORK);
    assertThat(result.out())
        .contains(a.endpoint() + "  a\n  up")
        .contains(gone + "\n  NOT THERE  agent at " + gone + ": can't be reached: ")
        .contains("Connection refused")
        .contains("\n1 of 2 agents: 0 B of 32.0 MiB");
    Invocation scripted = pool("status", "--json");
    assertThat(scripted.exitCode()).isEqualTo(ExitCode.NETWORK);
    JsonNode json = new ObjectMapper().readTree(scripted.out());
    assertThat(json.at("/agents/1/reachable").booleanValue()).isFalse();
    assertThat(json.at("/agents/1/error").textValue()).contains("Connection refused");
    assertThat(json.at("/sum/reachable").intValue()).isEqualTo(1);
  }

  @Test
  void ofAgentsThatAreAllDownThereIsNoSum() throws Exception {
    a.close();
    b.close();
    assertThat(pool("status").out()).endsWith("\n\n0 of 2 agents\n");
  }

  @Test
  void certificatesDoInsteadOfAToken() throws Exception {
    String authority = directory.resolve("authority").toString();
    String own = directory.resolve("own").toString();
    LocalRegistry.run(
        "sh",
        "-c",
        """
        new='openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2'
        exec 2>"$1.log"
        $new -subj /CN=pool -keyout "$1.key" -out "$1.pem"
        $new -CA "$1.pem" -CAkey "$1.key" -subj /CN=own -addext subjectAltName=IP:127.0.0.1 \\
          -addext basicConstraints=critical,CA:FALSE -keyout "$2.key" -out "$2.pem"
        """,
        "sh",
        authority,
        own);
    LocalAgent secured =
        LocalAgent.start(
            directory,
            "secured",
            MEMORY,
            PoolSecurity.ofTls(
                Path.of(own + ".pem"), Path.of(own + ".key"), Path.of(authority + ".pem")));
    opened.add(secured);
    Invocation result =
        Invocation.of(
            "pool",
            "status",
            "--agent",
            secured.endpoint(),
            "--certificate",
            own + ".pem",
            "--key",
            own + ".key",
            "--authorities",
            authority + ".pem");
    assertThat(result.exitCode()).as(result.out() + result.err()).isZero();
    assertThat(result.out()).startsWith(secured.endpoint() + "  secured\n");
  }

  @Test
  void withAnotherTokenOneIsToldSo() throws Exception {
    Path other = Files.writeString(directory.resolve("other"), "0123456789abcdef\n");
    for (List<String> command : List.of(List.of("ls"), List.of("evict", "--all"))) {
      List<String> all = new ArrayList<>(List.of("pool"));
      all.addAll(command);
      all.addAll(List.of("--agent", a.endpoint(), "--token-file", other.toString()));
      Invocation result = Invocation.of(all.toArray(String[]::new));
      assertThat(result.exitCode()).isEqualTo(ExitCode.UNAUTHORISED);
      assertThat(result.err())
          .isEqualTo(
              "harbourctl: agent at %s: this is not the pool's token; compare the token files of both hosts\n"
                  .formatted(a.endpoint()));
    }
  }

  @Test
  void aTokenFileThatIsNotThereIsNamed() {
    Invocation result =
        Invocation.of(
            "pool", "status", "--agent", a.endpoint(), "--token-file", directory + "/none");
    assertThat(result.exitCode()).isEqualTo(ExitCode.LOCAL);
    assertThat(result.err()).contains(directory + "/none").hasLineCount(1);
  }

  @Test
  void whatHarbourdIsToldNeedsNoTelling() throws Exception {
    String configuration = configuration(a.endpoint()).toString();
    assertThat(Invocation.of("pool", "status", "--config", configuration).out())
        .contains(a.endpoint() + "  a\n", "\n1 agent: ");
    // the command line comes first
    assertThat(
            Invocation.of("pool", "status", "--config", configuration, "--agent", b.endpoint())
                .out())
        .contains(b.endpoint() + "  b\n", "\n1 agent: ");
    Path wrong = Files.writeString(directory.resolve("wrong.toml"), "[pool]\nagent = []\n");
    Invocation result = Invocation.of("pool", "status", "--config", wrong.toString());
    assertThat(result.exitCode()).isEqualTo(ExitCode.LOCAL);
    assertThat(result.err()).contains("\"pool.agent\"").hasLineCount(1);
  }

  @Test
  void agentsAreFoundInEtcdWhereHarbourdFindsThem() throws Exception {
    LocalEtcd etcd = LocalEtcd.start(directory);
    opened.add(etcd);
    String configuration = configurationWithEtcd(etcd.url(), "").toString();
    Invocation none = Invocation.of("pool", "status", "--config", configuration);
    assertThat(none.exitCode()).isEqualTo(ExitCode.NETWORK);
    assertThat(none.err()).contains("knows of no agent that runs", "--agent").hasLineCount(1);

    LocalAgent registered =
        LocalAgent.start(
            directory,
            "registered",
            MEMORY,
            PoolSecurity.ofToken(LocalAgent.token(directory)),
            Optional.of(
                new EtcdConfig(
                    List.of(URI.create(etcd.url())),
                    EtcdConfig.DEFAULT_PREFIX,
                    EtcdConfig.DEFAULT_TIMEOUT,
                    Optional.empty(),
                    Optional.empty())));
    opened.add(registered);
    await(
        () ->
            Invocation.of("pool", "status", "--config", configuration)
                .out()
                .startsWith(registered.endpoint() + "  registered\n"));
  }

  @Test
  void withoutEtcdTheListedAgentsServe() throws Exception {
    String nobody = "http://127.0.0.1:" + LocalRegistry.freePort();
    String listed = configurationWithEtcd(nobody, a.endpoint()).toString();
    assertThat(Invocation.of("pool", "status", "--config", listed).out())
        .startsWith(a.endpoint() + "  a\n");
    String empty = configurationWithEtcd(nobody, "").toString();
    Invocation result = Invocation.of("pool", "ls", "--config", empty);
    assertThat(result.exitCode()).isEqualTo(ExitCode.NETWORK);
    assertThat(result.err().lines().filter(line -> !line.contains(" warning: ")))
        .singleElement()
        .asString()
        .contains(nobody, "does not say which agents there are");
  }

  @Test
  void optionsThatMakeNoSenseAreUsageErrors() {
    assertUsageError("host:port", "pool", "status", "--agent", "nowhere");
    assertUsageError("all three", "pool", "status", "--key", "/key");
    assertUsageError("1 to 3600", "pool", "status", "--watch", "0");
    assertUsageError("--all", "pool", "evict");
    assertUsageError("--all", "pool", "evict", "--all", "localhost:1/a");
    assertUsageError("64 lower-case", "pool", "evict", "sha256:12");
    assertUsageError("such as 8GiB", "pool", "grow", "much");
    assertUsageError("Missing required parameter: 'SIZE'", "pool", "shrink");
    assertUsageError("Missing required parameter: 'IMAGE'", "pool", "load");
  }

  @Test
  void contentsAreListedWithTheirAgents() throws Exception {
    byte[] content = new byte[12_345];
    try (PoolClient client = client()) {
      bring(client, content);
    }
    Invocation result = pool("ls");
    assertThat(result.exitCode()).isZero();
    assertThat(result.out())
        .matches(
            "%s    12345  (%s|%s)\n".formatted(Digest.sha256(content), a.endpoint(), b.endpoint()));
    JsonNode json = new ObjectMapper().readTree(pool("ls", "--json").out());
    assertThat(json).hasSize(1);
    assertThat(json.at("/0/size").intValue()).isEqualTo(12_345);
    assertThat(json.at("/0/digest").textValue()).isEqualTo(Digest.sha256(content).toString());
  }

  @Test
  void contentsGoWhenTheyAreEvicted() throws Exception {
    byte[] one = new byte[1000];
    byte[] two = new byte[2000];
    byte[] three = new byte[3000];
    try (PoolClient client = client()) {
      bring(client, one, two, three);
    }
    Invocation result = pool("evict", Digest.sha256(two).toString());
    assertThat(result.exitCode()).isZero();
    assertThat(result.out()).contains("  gave up 1 content, 2.0 kB\n").hasLineCount(2);
    assertThat(pool("ls").out()).hasLineCount(2).doesNotContain(Digest.sha256(two).toString());
    Invocation everything = pool("evict", "--all");
    assertThat(
            everything.out().lines().mapToInt(line -> line.contains(" 0 contents") ? 0 : 1).sum())
        .isBetween(1, 2);
    assertThat(pool("ls").out()).isEmpty();
  }

  @Test
  void memoryGoesBackToTheHostAndComesAgain() throws Exception {
    Invocation shrunk = pool("shrink", "16MiB", "--agent", a.endpoint());
    assertThat(shrunk.exitCode()).as(shrunk.err()).isZero();
    assertThat(shrunk.out())
        .contains(
            a.endpoint() + "  lends 16.0 MiB; 16.0 MiB went back to the host; 0 contents given up")
        .contains(b.endpoint() + "  lends 16.0 MiB; ");
    assertThat(pool("shrink", "1MiB").out())
        .contains("lends 16.0 MiB as before: memory comes and goes in whole slabs");
    Invocation grown = Invocation.of(with("grow", "40MiB", "--agent", a.endpoint()));
    assertThat(grown.out())
        .isEqualTo(a.endpoint() + "  lends 48.0 MiB, 32.0 MiB more than before\n");
    Invocation wrong = Invocation.of(with("shrink", "1GiB", "--agent", a.endpoint()));
    assertThat(wrong.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(wrong.out()).contains("lends 48.0 MiB as before", "other direction");
    assertThat(pool("status").out()).contains("of 48.0 MiB", "of 16.0 MiB");
    JsonNode json =
        new ObjectMapper()
            .readTree(
                Invocation.of(with("shrink", "16MiB", "--json", "--agent", a.endpoint())).out());
    assertThat(json.at("/0/agent").textValue()).isEqualTo(a.endpoint());
    assertThat(json.at("/0/lent").intValue()).isEqualTo(48 << 20);
    assertThat(json.at("/0/lends").intValue()).isEqualTo(16 << 20);
  }

  @Test
  void ofSeveralAgentsTheOneToShrinkIsAskedFor() throws Exception {
    Path configuration = configuration(a.endpoint(), b.endpoint());
    assertUsageError(
        a.endpoint() + ", " + b.endpoint(),
        "pool",
        "shrink",
        "16MiB",
        "--config",
        configuration.toString());
    Invocation named =
        Invocation.of(
            "pool",
            "shrink",
            "16MiB",
            "--config",
            configuration.toString(),
            "--agent",
            b.endpoint());
    assertThat(named.out()).startsWith(b.endpoint() + "  lends 16.0 MiB; ").hasLineCount(1);
  }

  @Test
  void aWatchGoesOnUntilItIsInterrupted() throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PrintStream err = new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
    AtomicInteger exitCode = new AtomicInteger(-1);
    Thread watch =
        Thread.ofPlatform()
            .name("watch")
            .start(
                () ->
                    exitCode.set(
                        HarbourCtl.commandLine(new Streams(out, err, true, false, false))
                            .execute(with("status", "--watch", "1", "--agent", a.endpoint()))));
    // the second view knows how much was read since the first
    await(() -> out.toString(StandardCharsets.UTF_8).contains("0 hits/s, 0 B/s\n"));
    watch.interrupt();
    watch.join(PATIENCE);
    assertThat(exitCode).hasValue(ExitCode.INTERRUPTED);
    assertThat(out.toString(StandardCharsets.UTF_8))
        .startsWith("\u001b[H\u001b[J" + a.endpoint())
        .contains("every 1 second; Ctrl-C ends it\n\u001b[H\u001b[J");
  }

  private LocalAgent agent(String id) throws Exception {
    LocalAgent agent = LocalAgent.start(directory, id, MEMORY);
    opened.add(agent);
    return agent;
  }

  /** A client of both agents. */
  private PoolClient client() throws Exception {
    PoolSettings settings =
        PoolSettings.read(
            Optional.empty(),
            new PoolOverrides(
                List.of(a.endpoint(), b.endpoint()),
                Optional.of(LocalAgent.token(directory)),
                Optional.empty()));
    PoolClient client = settings.open().orElseThrow();
    for (var agent : settings.agents()) {
      assertThat(client.awaitConnected(agent, PATIENCE)).isTrue();
    }
    return client;
  }

  private static void bring(PoolClient client, byte[]... contents) throws InterruptedException {
    for (byte[] content : contents) {
      client.put(Digest.sha256(content), ByteBuffer.wrap(content));
    }
    assertThat(client.awaitOffers(PATIENCE)).isTrue();
  }

  private Path configuration(String... agents) throws Exception {
    return Files.writeString(
        directory.resolve("harbourd.toml"),
        "root = \"/elsewhere\"\n[pool]\nagents = [\"%s\"]\ntoken-file = \"%s\"\n"
            .formatted(String.join("\", \"", agents), LocalAgent.token(directory)));
  }

  private Path configurationWithEtcd(String url, String agent) throws Exception {
    return Files.writeString(
        directory.resolve("etcd" + agent + ".toml"),
        "[pool]\nagents = [%s]\ntoken-file = \"%s\"\n[pool.etcd]\nendpoints = [\"%s\"]\n"
            .formatted(
                agent.isEmpty() ? "" : "\"" + agent + "\"", LocalAgent.token(directory), url));
  }

  /** Runs a command of the pool for both agents. */
  private Invocation pool(String... arguments) {
    List<String> all = new ArrayList<>(List.of(with(arguments)));
    all.addAll(List.of("--agent", a.endpoint() + "," + b.endpoint()));
    return Invocation.of(all.toArray(String[]::new));
  }

  private String[] with(String... arguments) {
    List<String> all = new ArrayList<>(List.of("pool"));
    all.addAll(List.of(arguments));
    all.addAll(List.of("--token-file", LocalAgent.token(directory).toString()));
    return all.toArray(String[]::new);
  }

  private static void assertUsageError(String message, String... arguments) {
    Invocation result = Invocation.of(arguments);
    assertThat(result.err()).contains(message);
    assertThat(result.out()).isEmpty();
    assertThat(result.exitCode()).isEqualTo(ExitCode.USAGE);
  }

  private static void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
      Thread.onSpinWait();
    }
  }
}
