package io.imageharbour.pool.agent;

import io.imageharbour.pool.cluster.AgentAddress;
import io.imageharbour.pool.process.JavaProcess;
import io.imageharbour.pool.security.PoolSecurity;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/** An agent in a process of its own, which can be stopped and killed. */
public final class AgentProcess implements AutoCloseable {

  /** Of those without patience; in emulation a client may be quiet for a while. */
  private static final Duration SILENCE = Duration.ofSeconds(5);

  private static final Duration SILENCE_IN_THE_GUEST = Duration.ofSeconds(20);

  private static final String PATIENT = "patient";
  private static final String IMPATIENT = "impatient";

  private final String id;
  private final JavaProcess process;

  private AgentProcess(String id, JavaProcess process) {
    this.id = id;
    this.process = process;
  }

  /**
   * Starts an agent of 32 MiB and one transport.
   *
   * @param directory where its socket is, and the token
   * @param port of its service; 0 takes a free one
   */
  public static AgentProcess start(String id, Path directory, int port, String transport)
      throws IOException {
    return start(id, directory, port, transport, PATIENT);
  }

  /**
   * Starts one that has no patience: a client that was not heard of for some seconds is forgotten,
   * and staging memory that was not used for a second is taken back.
   */
  public static AgentProcess startImpatient(String id, Path directory, String transport)
      throws IOException {
    return start(id, directory, 0, transport, IMPATIENT);
  }

  private static AgentProcess start(
      String id, Path directory, int port, String transport, String patience) throws IOException {
    return new AgentProcess(
        id,
        JavaProcess.start(
            AgentProcess.class,
            id,
            directory.toString(),
            Integer.toString(port),
            transport,
            patience));
  }

  /** Its process ID. */
  public long pid() {
    return process.pid();
  }

  public int port() {
    return Integer.parseInt(process.said());
  }

  public AgentAddress address() {
    return new AgentAddress(id, "127.0.0.1", port(), 1);
  }

  /** Stops its threads. */
  public void stop() throws IOException, InterruptedException {
    process.stop();
  }

  /** Has its threads go on. */
  public void resume() throws IOException, InterruptedException {
    process.resume();
  }

  /** Kills it and waits until it is gone. */
  public void kill() throws InterruptedException {
    process.kill();
  }

  @Override
  public void close() throws InterruptedException {
    process.close();
  }

  /** Serves until it is killed. */
  public static void main(String[] arguments) throws Exception {
    Path directory = Path.of(arguments[1]);
    PoolSecurity security = PoolSecurity.ofTokenMadeIfMissing(directory.resolve("token"));
    String transport = arguments[3];
    AgentConfig config =
        Agents.withTransport(
            Agents.config(arguments[0], directory, Integer.parseInt(arguments[2]), security),
            transport);
    Agent agent =
        arguments[4].equals(PATIENT)
            ? Agent.start(config)
            : Agent.start(
                config,
                transport.equals("rdma") ? SILENCE_IN_THE_GUEST : SILENCE,
                Duration.ofSeconds(1));
    System.out.println(JavaProcess.READY + agent.port());
    Thread.currentThread().join();
  }
}
