package io.imageharbour.pool.agent;

import io.imageharbour.pool.cluster.AgentAddress;
import io.imageharbour.pool.process.JavaProcess;
import io.imageharbour.pool.security.PoolSecurity;
import java.io.IOException;
import java.nio.file.Path;

/** An agent in a process of its own, which can be stopped and killed. */
public final class AgentProcess implements AutoCloseable {

  private final String id;
  private final JavaProcess process;

  private AgentProcess(String id, JavaProcess process) {
    this.id = id;
    this.process = process;
  }

  /**
   * Starts an agent of 32 MiB.
   *
   * @param directory where its socket is, and the token
   * @param port of its service; 0 takes a free one
   */
  public static AgentProcess start(String id, Path directory, int port) throws IOException {
    return new AgentProcess(
        id,
        JavaProcess.start(AgentProcess.class, id, directory.toString(), Integer.toString(port)));
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
    Agent agent =
        Agent.start(
            Agents.config(arguments[0], directory, Integer.parseInt(arguments[2]), security));
    System.out.println(JavaProcess.READY + agent.port());
    Thread.currentThread().join();
  }
}
