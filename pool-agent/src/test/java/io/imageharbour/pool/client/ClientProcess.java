package io.imageharbour.pool.client;

import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.cluster.AgentAddress;
import io.imageharbour.pool.cluster.StaticMembership;
import io.imageharbour.pool.process.JavaProcess;
import io.imageharbour.pool.security.PoolSecurity;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

/** A client in a process of its own, which reads or writes without an end and can be killed. */
final class ClientProcess {

  private static final int READERS = 2;
  private static final int SIZE = 100_000;
  private static final long STEP_NANOS = 5_000_000;
  private static final Duration READ_PATIENCE = Duration.ofSeconds(10);

  private ClientProcess() {}

  /** One that is in the middle of reading {@link #contents} when this returns. */
  static JavaProcess reading(String transport, AgentAddress agent, Path directory)
      throws IOException {
    return start("read", transport, agent, directory);
  }

  /** One that is in the middle of writing contents of 1 MiB when this returns. */
  static JavaProcess writing(String transport, AgentAddress agent, Path directory)
      throws IOException {
    return start("write", transport, agent, directory);
  }

  /** What is read. */
  static List<byte[]> contents() {
    return IntStream.range(0, 20).mapToObj(i -> bytes(new Random(i), SIZE)).toList();
  }

  /** A client of an agent by one transport, which shows the token of this directory. */
  static PoolClient open(String transport, AgentAddress agent, Path directory) throws IOException {
    PoolSecurity security = PoolSecurity.ofTokenMadeIfMissing(directory.resolve("token"));
    return new PoolClient(
        new PoolConfig(1, READ_PATIENCE, Duration.ofSeconds(10), Duration.ofMillis(100)),
        security,
        new StaticMembership(List.of(agent)),
        TransportNames.open(List.of(transport), security));
  }

  private static JavaProcess start(
      String what, String transport, AgentAddress agent, Path directory) throws IOException {
    return JavaProcess.start(
        ClientProcess.class, what, transport, Integer.toString(agent.port()), directory.toString());
  }

  /** Reads or writes until it is killed. */
  public static void main(String[] arguments) throws Exception {
    AgentAddress agent = new AgentAddress("a", "127.0.0.1", Integer.parseInt(arguments[2]), 1);
    PoolClient client = open(arguments[1], agent, Path.of(arguments[3]));
    while (!client.isOfUse()) {
      LockSupport.parkNanos(STEP_NANOS);
    }
    if (arguments[0].equals("read")) {
      Readers readers = new Readers(client, contents(), READERS);
      while (readers.hits() + readers.misses() < 50) {
        LockSupport.parkNanos(STEP_NANOS);
      }
      System.out.println(JavaProcess.READY);
      Thread.currentThread().join();
    }
    Random random = new Random();
    boolean said = false;
    while (true) {
      byte[] content = bytes(random, 1 << 20);
      client.put(Digest.sha256(content), ByteBuffer.wrap(content));
      if (!said && client.stats().stored() > 0) {
        System.out.println(JavaProcess.READY);
        said = true;
      }
    }
  }

  private static byte[] bytes(Random random, int size) {
    byte[] bytes = new byte[size];
    random.nextBytes(bytes);
    return bytes;
  }
}
