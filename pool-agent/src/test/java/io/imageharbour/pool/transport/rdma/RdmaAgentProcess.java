package io.imageharbour.pool.transport.rdma;

import io.imageharbour.pool.linux.SharedMemory;
import io.imageharbour.pool.memory.Region;
import io.imageharbour.pool.memory.Regions;
import io.imageharbour.pool.transport.Offer.RdmaOffer;
import io.imageharbour.pool.transport.Offer.RemoteRegion;
import io.imageharbour.pool.transport.Session;
import io.imageharbour.pool.transport.Ticket;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** An RDMA server in a process of its own, which can be stopped and killed. */
final class RdmaAgentProcess implements AutoCloseable {

  static final int SIZE = 4 << 20;

  private static final long SEED = 7;

  private final Process process;
  private final RdmaOffer offer;

  private RdmaAgentProcess(Process process, RdmaOffer offer) {
    this.process = process;
    this.offer = offer;
  }

  static RdmaAgentProcess start(String address) throws IOException {
    Ticket ticket = Ticket.issue(1);
    List<String> command = new ArrayList<>();
    command.add(System.getProperty("java.home") + "/bin/java");
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(RdmaAgentProcess.class.getName());
    command.addAll(List.of(address, HexFormat.of().formatHex(ticket.toBytes())));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
    String[] said = String.valueOf(out.readLine()).split(" ", -1);
    if (said.length != 3) {
      process.destroyForcibly();
      throw new IOException("the agent's process did not start: " + String.join(" ", said));
    }
    RemoteRegion region =
        new RemoteRegion(Long.parseLong(said[1]), Integer.parseInt(said[2]), SIZE);
    RdmaOffer offer =
        new RdmaOffer(List.of(address), Integer.parseInt(said[0]), ticket, Map.of(1, region));
    return new RdmaAgentProcess(process, offer);
  }

  RdmaOffer offer() {
    return offer;
  }

  /** What its memory holds. */
  static byte[] content() {
    byte[] content = new byte[SIZE];
    new Random(SEED).nextBytes(content);
    return content;
  }

  /** Stops its threads; they are when the signal was sent. */
  void stop() throws Exception {
    new ProcessBuilder("kill", "-STOP", Long.toString(process.pid())).start().waitFor();
  }

  /** Kills it and waits until it is gone. */
  void kill() throws InterruptedException {
    int unused = process.destroyForcibly().waitFor();
  }

  @Override
  public void close() throws InterruptedException {
    kill();
  }

  /** Serves, for whoever shows the ticket, until it is killed. */
  public static void main(String[] arguments) throws Exception {
    Session session =
        new Session(Ticket.read(ByteBuffer.wrap(HexFormat.of().parseHex(arguments[1]))));
    SharedMemory memory = SharedMemory.create("test-region", SIZE, false);
    memory.segment().copyFrom(MemorySegment.ofArray(content()));
    Regions regions = new Regions();
    regions.add(new Region(1, memory));
    RdmaServer server =
        new RdmaServer(
            List.of(InetAddress.getByName(arguments[0])),
            0,
            regions,
            ticket -> ticket.equals(session.ticket()) ? Optional.of(session) : Optional.empty());
    RdmaOffer offer = (RdmaOffer) server.offer(session);
    RemoteRegion region = Optional.ofNullable(offer.regions().get(1)).orElseThrow();
    System.out.println(offer.port() + " " + region.address() + " " + region.key());
    Thread.currentThread().join();
  }
}
