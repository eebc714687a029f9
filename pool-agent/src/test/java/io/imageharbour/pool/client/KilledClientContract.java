package io.imageharbour.pool.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.agent.AgentProcess;
import io.imageharbour.pool.process.JavaProcess;
import io.imageharbour.pool.security.PoolSecurity;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Clients whose processes are killed: the agent gives back all that they had, and others read on.
 */
abstract class KilledClientContract {

  private static final Duration PATIENCE = Duration.ofSeconds(120);

  @TempDir Path directory;
  private final String transport;
  private final ExecutorService starter = Executors.newVirtualThreadPerTaskExecutor();
  private AgentProcess agent;
  private PoolControl control;
  private PoolClient other;

  /** What an agent has open, besides its contents. */
  private record Held(long descriptors, int stagings, long threads, Map<String, Long> device) {
    boolean isAtMost(Held most) {
      return descriptors <= most.descriptors
          && stagings <= most.stagings
          && threads <= most.threads
          && Traces.areAtMost(device, most.device);
    }
  }

  KilledClientContract(String transport) {
    this.transport = transport;
  }

  /** How many objects of each kind RDMA devices have made. */
  Map<String, Long> device() throws Exception {
    return Map.of();
  }

  @BeforeEach
  void start() throws Exception {
    agent = AgentProcess.startImpatient("a", directory, transport);
    control =
        new PoolControl(
            List.of(agent.address()),
            PoolSecurity.ofTokenMadeIfMissing(directory.resolve("token")));
    // the first client that goes has the agent's JVM make a socket for itself, which stays
    try (PoolClient first = ClientProcess.open(transport, agent.address(), directory)) {
      await(first::isOfUse);
    }
    await(() -> status().sessions() == 0);
    other = ClientProcess.open(transport, agent.address(), directory);
    await(other::isOfUse);
    for (byte[] content : ClientProcess.contents()) {
      other.put(Digest.sha256(content), ByteBuffer.wrap(content));
    }
    assertThat(other.awaitOffers(PATIENCE)).isTrue();
    await(() -> status().staging() == 0 && held().stagings() == 0);
    // the other client's part of it
    await(() -> !Traces.mappings().containsKey("harbour-writes"));
  }

  @AfterEach
  void stop() throws Exception {
    starter.close();
    other.close();
    control.close();
    agent.close();
  }

  @Test
  void whatTheyHadIsGivenBackAndOthersReadOn() throws Exception {
    Held before = held();
    // at once: while one starts another one that is busy already would be in its way
    Future<JavaProcess> starting =
        starter.submit(() -> ClientProcess.writing(transport, agent.address(), directory));
    JavaProcess reading = ClientProcess.reading(transport, agent.address(), directory);
    JavaProcess writing = starting.get();
    await(() -> status().staging() > 0);
    await(() -> status().sessions() == 3);
    try (Readers readers = new Readers(other, ClientProcess.contents(), 1)) {
      await(() -> readers.hits() + readers.misses() > 10);

      reading.kill();
      writing.kill();

      await(() -> status().sessions() == 1 && status().staging() == 0);
      await(() -> held().isAtMost(before));
      long reads = readers.hits() + readers.misses();
      await(() -> readers.hits() + readers.misses() > reads + 10);
      assertThat(readers.failures()).isZero();
    }
    // what others had may have gone for what was written; it can be brought as before
    byte[] content = ClientProcess.contents().getFirst();
    Digest digest = Digest.sha256(content);
    other.put(digest, ByteBuffer.wrap(content));
    assertThat(other.awaitOffers(PATIENCE)).isTrue();
    assertThat(other.read(digest, content.length, bytes -> Digest.sha256(bytes).equals(digest)))
        .isTrue();
    assertThat(status().wrong()).isZero();
  }

  private AgentStatus status() throws AgentUnavailableException {
    return control.agents().getFirst().status();
  }

  private Held held() throws Exception {
    String process = Long.toString(agent.pid());
    return new Held(
        Traces.descriptors(process),
        Traces.mappings(process).getOrDefault("harbour-staging", 0),
        Traces.threads(process, "shm-client"),
        device());
  }

  private static void await(Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.call()) {
      assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
  }
}
