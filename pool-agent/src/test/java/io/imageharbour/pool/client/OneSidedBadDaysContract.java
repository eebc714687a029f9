package io.imageharbour.pool.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.pool.agent.AgentProcess;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What has to go well, too, by transports that read without the agent's processor. */
abstract class OneSidedBadDaysContract extends BadDaysContract {

  private final String transport;
  private final Load load;
  private final Duration call;

  /**
   * @param call after so long clients know that the agent does not answer them
   */
  OneSidedBadDaysContract(String transport, Load load, Duration patience, Duration call) {
    super(transport, load, patience);
    this.transport = transport;
    this.load = load;
    this.call = call;
  }

  @Test
  void memoryOfAStoppedAgentIsReadOn() throws Exception {
    AgentProcess agent = process("a", 0, transport);
    PoolClient writer = client(transport, agent.address());
    PoolConfig usual = config(1);
    PoolClient reader =
        open(
            new PoolConfig(1, usual.readTimeout(), call, usual.reportInterval()),
            transport,
            agent.address());
    await(reader::isOfUse);
    List<byte[]> contents = contents(31, 50_000);
    List<byte[]> known = contents.subList(0, 10);
    List<byte[]> neverLookedUp = contents.subList(10, 30);
    byte[] missing = contents.getLast();
    offerAll(writer, contents.subList(0, 30));
    try (Readers readers = new Readers(reader, known, load.readers())) {
      await(() -> readers.hits() > load.reads());
      agent.stop();
      assertThat(neverLookedUp).allMatch(content -> isThere(reader, content));
      assertThat(isThere(reader, missing)).isFalse();
      long begin = System.nanoTime();
      await(() -> System.nanoTime() - begin > call.toNanos() * 3 / 2);
      assertThat(readers.failures()).isZero();
      long hits = readers.hits();
      await(() -> readers.hits() > hits + load.reads());
      assertThat(readers.failures()).isZero();
      assertThat(readers.misses()).isZero();
      agent.resume();
      await(
          () -> {
            offer(writer, List.of(missing));
            return isThere(reader, missing);
          });
    }
    // neither then nor afterwards
    assertThat(reader.stats().agents().getFirst().failures()).isZero();
  }
}
