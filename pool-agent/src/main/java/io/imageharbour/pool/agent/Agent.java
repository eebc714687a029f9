package io.imageharbour.pool.agent;

import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.imageharbour.pool.cluster.AgentAddress;
import io.imageharbour.pool.cluster.AgentRegistration;
import io.imageharbour.pool.cluster.EtcdConfig;
import io.imageharbour.pool.cluster.EtcdConnection;
import io.imageharbour.pool.control.ControlPlane;
import io.imageharbour.pool.control.ControlStats;
import io.imageharbour.pool.memory.Regions;
import io.imageharbour.pool.process.MetricsServer;
import io.imageharbour.pool.process.ProgramVersion;
import io.imageharbour.pool.proto.StatsReply;
import io.imageharbour.pool.transport.TransportServer;
import io.imageharbour.pool.transport.rdma.RdmaServer;
import io.imageharbour.pool.transport.shm.SharedMemoryServer;
import io.imageharbour.pool.transport.tcp.TcpServer;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Everything that an agent consists of, wired. Started, it serves; closed, its memory is the host's
 * again and whoever read it goes elsewhere.
 */
public final class Agent implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Agent.class);

  private static final Duration SESSION_SILENCE = Duration.ofSeconds(60);
  private static final Duration IDLE_STAGING = Duration.ofSeconds(30);
  private static final long STAGING_LIMIT = 256 << 20;
  private static final int WORKERS = 8;
  private static final int MAX_MESSAGE = 1 << 20;
  private static final int MAX_CALLS = 64;
  private static final int KEEP_ALIVE_SECONDS = 30;
  private static final int STOP_SECONDS = 5;

  /** What was opened, the last first: it is closed in this order. */
  private final Deque<Closeable> parts = new ArrayDeque<>();

  private final AgentConfig config;
  private final AgentIdentity identity;
  private final long started = System.nanoTime();
  private final Regions regions = new Regions();
  private final SlabSource slabs;
  private final ContentMemory contents;
  private final AgentSessions sessions;
  private final List<TransportServer> transports = new ArrayList<>();
  private final Optional<EtcdConnection> etcd;
  private final Optional<ControlPlane> control;
  private final Server server;
  private volatile Optional<AgentRegistration> registration = Optional.empty();

  private Agent(AgentConfig config, Duration silence, Duration idleStaging) throws IOException {
    this.config = config;
    identity = new AgentIdentity(config.id(), new SecureRandom().nextLong());
    slabs = new SlabSource(config.lockMemory());
    try {
      contents = new ContentMemory(slabs, regions, config.memory(), config.policy()::create);
      parts.push(contents::close);
      sessions = new AgentSessions(silence, idleStaging, STAGING_LIMIT);
      parts.push(sessions::close);
      InetSocketAddress address = address(config.listen());
      for (String transport : config.transports()) {
        TransportServer opened = open(transport, address);
        transports.add(opened);
        parts.push(opened::close);
      }
      etcd =
          config.etcd().isPresent() ? Optional.of(connect(config.etcd().get())) : Optional.empty();
      control = etcd.isPresent() ? Optional.of(control(etcd.get())) : Optional.empty();
      server = serve(address);
      etcd.ifPresent(where -> register(where, address));
      if (config.metricsAddress().isPresent()) {
        MetricsServer metrics =
            MetricsServer.start(
                config.metricsAddress().get(), AgentMetrics.of(this::stats, this::controlStats));
        parts.push(metrics::close);
      }
    } catch (IOException | RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /**
   * Starts all parts; when it returns, clients can say hello.
   *
   * @throws IOException if a part can't start; what was started before it is closed again
   */
  public static Agent start(AgentConfig config) throws IOException {
    return start(config, SESSION_SILENCE, IDLE_STAGING);
  }

  /** The same with another patience, as {@link AgentSessions} has it. */
  static Agent start(AgentConfig config, Duration silence, Duration idleStaging)
      throws IOException {
    Agent agent = new Agent(config, silence, idleStaging);
    log.info(
        "event=ready version={} agent={} address={} port={} capacity={} huge-pages={} transports={}"
            + " policy={} security={} millis={}",
        ProgramVersion.get(),
        config.id(),
        config.listen(),
        agent.port(),
        agent.contents.usage().capacity(),
        agent.slabs.hasHugePages(),
        config.transports(),
        config.policy().configName(),
        config.security(),
        (System.nanoTime() - agent.started) / 1_000_000);
    return agent;
  }

  /** The port of the gRPC service. */
  public int port() {
    return server.getPort();
  }

  /** What it holds. */
  ContentMemory contents() {
    return contents;
  }

  /** The clients that have said hello. */
  AgentSessions sessions() {
    return sessions;
  }

  @Override
  public void close() {
    while (!parts.isEmpty()) {
      try {
        parts.pop().close();
      } catch (IOException e) {
        log.warn("event=close-failed cause=\"{}\"", e.getMessage());
      }
    }
  }

  private TransportServer open(String transport, InetSocketAddress address) throws IOException {
    return switch (transport) {
      case "shm" -> new SharedMemoryServer(config.socket(), regions, sessions);
      case "tcp" ->
          new TcpServer(
              new InetSocketAddress(address.getAddress(), config.tcpPort()),
              config.security().context(),
              regions,
              sessions);
      case "rdma" -> new RdmaServer(config.rdmaAddresses(), config.rdmaPort(), regions, sessions);
      default -> throw new IllegalArgumentException("no transport is called " + transport);
    };
  }

  private Server serve(InetSocketAddress address) throws IOException {
    ExecutorService workers =
        Executors.newFixedThreadPool(WORKERS, Thread.ofPlatform().name("grpc-", 1).factory());
    parts.push(workers::shutdown);
    NettyServerBuilder builder =
        NettyServerBuilder.forAddress(address)
            .executor(workers)
            .maxInboundMessageSize(MAX_MESSAGE)
            .maxConcurrentCallsPerConnection(MAX_CALLS)
            // a client that vanished without a word keeps no connection
            .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
            .keepAliveTimeout(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
            .permitKeepAliveTime(1, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true)
            .addService(
                new PoolService(
                    identity,
                    contents,
                    regions,
                    sessions,
                    transports,
                    control,
                    this::lends,
                    this::stats));
    config.security().secure(builder);
    Server started;
    try {
      started = builder.build().start();
    } catch (IOException e) {
      throw new CannotListenException(config.listen(), e);
    }
    parts.push(
        () -> {
          started.shutdownNow();
          try {
            boolean unused = started.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    return started;
  }

  /** The regions that clients read. */
  Regions regions() {
    return regions;
  }

  private EtcdConnection connect(EtcdConfig where) throws IOException {
    EtcdConnection connection = new EtcdConnection(where);
    parts.push(connection::close);
    return connection;
  }

  private ControlPlane control(EtcdConnection where) throws IOException {
    ControlPlane plane =
        new ControlPlane(
            config.id(), config.control(), where, config.security(), config.transports());
    parts.push(plane::close);
    return plane;
  }

  /** Has clients find this agent by etcd, as long as it lives. */
  private void register(EtcdConnection where, InetSocketAddress listened) {
    if (listened.getAddress().isLoopbackAddress()) {
      log.warn(
          "event=registered-on-loopback listen={} action=\"nodes of other hosts would look for it on"
              + " their own: set listen to an address that they reach\"",
          config.listen());
    }
    String host = config.listen().substring(0, config.listen().lastIndexOf(':'));
    AgentAddress address =
        AgentAddress.at(config.id(), host + ":" + port(), contents.usage().capacity());
    AgentRegistration registered =
        new AgentRegistration(where, address, AgentRegistration.DEFAULT_TTL);
    parts.push(registered::close);
    registration = Optional.of(registered);
  }

  /** Tells nodes, which share contents out by it. */
  private void lends(long capacity) {
    registration.ifPresent(registered -> registered.lends(capacity));
  }

  /** What its control plane did. */
  ControlStats controlStats() {
    return control.map(ControlPlane::stats).orElse(ControlStats.NONE);
  }

  private StatsReply stats() {
    ContentMemory.Usage usage = contents.usage();
    return StatsReply.newBuilder()
        .setAgent(identity.id())
        .setIncarnation(identity.incarnation())
        .setPolicy(config.policy().configName())
        .addAllTransports(config.transports())
        .setUptimeMillis((System.nanoTime() - started) / 1_000_000)
        .setCapacity(usage.capacity())
        .setUsed(usage.used())
        .setLargestFree(usage.largestFree())
        .setFragmentation(usage.fragmentation())
        .setHugePages(slabs.hasHugePages())
        .setContents(usage.contents())
        .setSessions(sessions.size())
        .setStaging(sessions.staging())
        .setReadsReported(usage.readsReported())
        .setBytesReported(usage.bytesReported())
        .setMissesReported(usage.missesReported())
        .setStored(usage.stored())
        .setWrong(usage.wrong())
        .setEvicted(usage.evicted())
        .setRefused(usage.refused())
        .setCrowdedOut(usage.crowdedOut())
        .setMovedBytes(usage.movedBytes())
        .setUnadmitted(controlStats().unadmitted())
        .build();
  }

  private static InetSocketAddress address(String listen) throws CannotListenException {
    int colon = listen.lastIndexOf(':');
    String host = listen.substring(0, colon).replaceAll("[\\[\\]]", "");
    InetSocketAddress address =
        new InetSocketAddress(host, Integer.parseInt(listen.substring(colon + 1)));
    if (address.isUnresolved()) {
      throw new CannotListenException(listen, new IOException("the host is not known"));
    }
    return address;
  }
}
