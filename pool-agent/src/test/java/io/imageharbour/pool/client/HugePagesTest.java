package io.imageharbour.pool.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.pool.agent.Agent;
import io.imageharbour.pool.cluster.AgentAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An agent on a host that has reserved huge pages; takes root, which reserves some. */
@Tag("whole-machine")
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class HugePagesTest extends BadDays {

  private static final Path RESERVED = Path.of("/proc/sys/vm/nr_hugepages");

  /** Of 2 MiB: 16 slabs, the lookup table, and one that nobody takes. */
  private static final int PAGES = 18;

  private long reservedBefore;

  HugePagesTest() {
    super(Duration.ofSeconds(30));
  }

  @BeforeEach
  void reserve() throws Exception {
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
    for (int i = 1; i <= 10; i++) {
      contents.addAll(contents(1, 100_000 * i));
    }
    try (Agent agent = Agent.start(agentConfig("a", 0, transport))) {
      AgentAddress address = address("a", agent);
      assertThat(before - free()).isEqualTo(PAGES - 1);
      try (PoolControl control = control(address);
          PoolClient client = client(transport, address)) {
        assertThat(control.agents().getFirst().status().hugePages()).isTrue();
        offerAll(client, contents);
        assertThat(contents).allMatch(content -> isThere(client, content));

        assertThat(control.agents().getFirst().resize(16 << 20)).isEqualTo(16 << 20);

        await(() -> before - free() == PAGES - 1 - 8);
        await(() -> contents.stream().allMatch(content -> isThere(client, content)));
      }
    }
    await(() -> free() == before);
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
}
