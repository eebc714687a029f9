package io.imageharbour.pool.transport.rdma;

import io.imageharbour.pool.memory.Regions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Optional;

/**
 * A network between two RDMA devices of the guest, which can stop: what is sent is lost, and nobody
 * is told. It takes two: a device hands what is for itself to itself, past every network.
 *
 * <p>It stays until the guest ends: a device that a process has open can't be taken away, and
 * librdmacm keeps open what was used once.
 */
public final class RdmaWire {

  private static final String AGENT = "10.77.1.1";
  private static final String CLIENT = "10.77.1.2";

  /**
   * Two ends of a cable. What this host sends to an address of its own goes by the cable as well,
   * because it looks there before it looks for its own addresses.
   */
  private static final String MAKE =
      """
      ip link add wire1 type veth peer name wire2
      ip address add $1/32 dev wire1
      ip address add $2/32 dev wire2
      for end in 1 2; do
        ip link set wire$end mtu 9000 up
        rdma link add rxewire$end type rxe netdev wire$end
      done
      ip route add $2 dev wire1 src $1
      ip route add $1 dev wire2 src $2
      # not asked for over the network, which would be one more thing to time out
      ip neighbour replace $1 lladdr $(cat /sys/class/net/wire1/address) nud permanent dev wire2
      ip neighbour replace $2 lladdr $(cat /sys/class/net/wire2/address) nud permanent dev wire1
      ip rule add pref 2 lookup local
      ip rule del pref 0
      ip rule add pref 1 iif lo to $1 lookup main
      ip rule add pref 1 iif lo to $2 lookup main
      """;

  private static final String STOP =
      """
      for end in 1 2; do
        ip rule add pref 0 iif wire$end $1 blackhole
      done
      """;

  private static final String GO_ON = "ip rule del pref 0; ip rule del pref 0";

  /** What is lost. */
  public enum Stop {
    RDMA("ipproto udp dport 4791"),
    EVERYTHING("");

    private final String packets;

    Stop(String packets) {
      this.packets = packets;
    }
  }

  /** A network that carries nothing until this is closed. */
  @FunctionalInterface
  public interface Stall extends AutoCloseable {
    @Override
    void close() throws IOException, InterruptedException;
  }

  private RdmaWire() {}

  /** Makes it, once, and has its devices opened, which they stay. */
  public static void make() throws IOException, InterruptedException {
    run(MAKE, AGENT, CLIENT);
    for (String end : List.of(AGENT, CLIENT)) {
      List<InetAddress> address = List.of(InetAddress.getByName(end));
      new RdmaServer(address, 0, new Regions(), ticket -> Optional.empty()).close();
    }
  }

  /** The end that an agent is at. Who connects to it does so from the other end. */
  public static InetAddress agent() throws UnknownHostException {
    return InetAddress.getByName(AGENT);
  }

  /** Stops it. */
  public static Stall stop(Stop what) throws IOException, InterruptedException {
    run(STOP, what.packets);
    return () -> run(GO_ON);
  }

  private static void run(String script, String... arguments)
      throws IOException, InterruptedException {
    String[] command = new String[arguments.length + 4];
    command[0] = "sh";
    command[1] = "-euc";
    command[2] = script;
    command[3] = "wire";
    System.arraycopy(arguments, 0, command, 4, arguments.length);
    int status = new ProcessBuilder(command).inheritIO().start().waitFor();
    if (status != 0) {
      throw new IOException("the network could not be set up or stopped: " + status);
    }
  }
}
