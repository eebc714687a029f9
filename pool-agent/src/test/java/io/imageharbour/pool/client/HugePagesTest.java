package io.imageharbour.pool.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.agent.Agent;
import io.imageharbour.pool.agent.Agents;
import io.imageharbour.pool.cluster.AgentAddress;
import io.imageharbour.pool.cluster.StaticMembership;
import io.imageharbour.pool.security.PoolSecurity;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An agent on a host that has reserved huge pages; takes root, which reserves some. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class HugePagesTest {

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Path RESERVED = Path.of("/proc/sys/vm/nr_hugepages");

  /** Of 2 MiB: 16 slabs, the lookup table, and one that nobody takes. */
  private static final int PAGES = 18;

  private final Random random = new Random(8);
  private PoolSecurity security;
  private long reservedBefore;

  @TempDir Path directory;

  @BeforeEach
  void reserve() throws Exception {
    security = PoolSecurity.ofTokenMadeIfMissing(directory.resolve("token"));
    reservedBefore = Long.parseLong(Files.readString(RESERVED).strip());
    Files.writeString(RESERVED, Long.toString(reservedBefore + PAGES));
    assertThat(free()).as("free huge pages of 2 MiB").isGreaterThanOrEqualTo(PAGES);
  }

  @AfterEach
  void giveBack() throws Exception {
    Files.writeString(RESERVED, Long.toString(reservedBefore));
  }

  @ParameterizedTest
  @ValueSource(strings = {"shm", "tcp"})
  void theyAreUsedAndGivenBack(String transport) throws Exception {
    long before = free();
    List<byte[]> contents = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      byte[] content = new byte[100_000 * (i + 1)];
      random.nextBytes(content);
      contents.add(content);
    }
    try (Agent agent = Agent.start(Agents.config("a", directory, 0, security))) {
      AgentAddress address = new AgentAddress("a", "127.0.0.1", agent.port(), 1);
      assertThat(before - free()).isEqualTo(PAGES - 1);
      try (PoolControl control = new PoolControl(List.of(address), security);
          PoolClient client = client(transport, address)) {
        assertThat(control.agents().getFirst().status().hugePages()).isTrue();
        for (byte[] content : contents) {
          client.put(Digest.sha256(content), ByteBuffer.wrap(content));
        }
        assertThat(client.awaitOffers(PATIENCE)).isTrue();
        assertThat(contents).allMatch(content -> isThere(client, content));

        assertThat(control.agents().getFirst().resize(16 << 20)).isEqualTo(16 << 20);

        await(() -> before - free() == PAGES - 1 - 8);
        await(() -> contents.stream().allMatch(content -> isThere(client, content)));
      }
    }
    await(() -> free() == before);
  }

  private PoolClient client(String transport, AgentAddress agent) throws Exception {
    PoolClient client =
        new PoolClient(
            new PoolConfig(1, PATIENCE, PATIENCE, Duration.ofMillis(20)),
            security,
            new StaticMembership(List.of(agent)),
            TransportNames.open(List.of(transport), security));
    assertThat(client.awaitConnected(agent, PATIENCE)).isTrue();
    return client;
  }

  private static boolean isThere(PoolClient client, byte[] content) {
    Digest digest = Digest.sha256(content);
    try {
      return client.read(digest, content.length, bytes -> Digest.sha256(bytes).equals(digest));
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** Huge pages that nobody has, and that nobody is sure to get. */
  private static long free() throws Exception {
    long free = 0;
    for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
      String[] words = line.split("\\s+");
      switch (words[0]) {
        case "HugePages_Free:" -> free += Long.parseLong(words[1]);
        case "HugePages_Rsvd:" -> free -= Long.parseLong(words[1]);
        default -> {}
      }
    }
    return free;
  }

  private static void await(Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.call()) {
      assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
  }
}
