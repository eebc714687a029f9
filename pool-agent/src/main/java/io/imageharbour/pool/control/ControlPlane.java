package io.imageharbour.pool.control;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.indexer.registry.RegistryConfigurationException;
import io.imageharbour.pool.cluster.AdmissionRecord;
import io.imageharbour.pool.cluster.CatalogConflictException;
import io.imageharbour.pool.cluster.CatalogFullException;
import io.imageharbour.pool.cluster.EtcdConnection;
import io.imageharbour.pool.cluster.EtcdMembership;
import io.imageharbour.pool.cluster.EtcdUnavailableException;
import io.imageharbour.pool.cluster.ImageCatalog;
import io.imageharbour.pool.cluster.ImageUse;
import io.imageharbour.pool.cluster.Leadership;
import io.imageharbour.pool.cluster.StaticMembership;
import io.imageharbour.pool.proto.ImagesReply;
import io.imageharbour.pool.security.PoolSecurity;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An agent's part in deciding what the pool keeps: writes what nodes tell of images into etcd's
 * catalog, follows what the leader admits, and leads if it is elected. A thread of its own does it
 * every few seconds; while etcd is away nothing changes, and no caller ever waits for it. Safe for
 * use by several threads.
 */
public final class ControlPlane implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(ControlPlane.class);

  /** So often what nodes told is written, and what is admitted is read, or more often. */
  private static final Duration TICK = Duration.ofSeconds(5);

  private final ControlConfig config;
  private final UseTally tally = new UseTally();
  private final AdmissionGate gate = new AdmissionGate();
  private final ImageCatalog catalog;
  private final AdmissionRecord record;
  private final EtcdMembership membership;
  private final Leadership leadership;
  private final LeaderRound round;
  private final Optional<Preloads> preloads;
  private final Thread thread;
  private volatile Optional<Standing> standing = Optional.empty();

  // of the thread
  private OptionalLong lastTerm = OptionalLong.empty();
  private long lastRound;
  private boolean complained;

  /**
   * Begins.
   *
   * @param id the agent's
   * @param etcd stays the caller's, to be closed after this
   * @param security by which agents know each other
   * @param transports the names of those that the agent serves
   * @throws RegistryConfigurationException if the settings for registries can't be used
   */
  public ControlPlane(
      String id,
      ControlConfig config,
      EtcdConnection etcd,
      PoolSecurity security,
      List<String> transports)
      throws RegistryConfigurationException {
    this.config = config;
    Optional<RegistryClient> registries =
        config.preloadFrom().isEmpty()
            ? Optional.empty()
            : Optional.of(new RegistryClient(config.registry()));
    catalog = new ImageCatalog(etcd, ImageCatalog.DEFAULT_HALF_LIFE, InstantSource.system());
    record = new AdmissionRecord(etcd);
    membership = new EtcdMembership(etcd, new StaticMembership(List.of()));
    round =
        new LeaderRound(id, catalog, record, membership, config.replicas(), InstantSource.system());
    thread = Thread.ofPlatform().daemon().name("control").unstarted(this::run);
    leadership = new Leadership(etcd, id, Leadership.DEFAULT_TTL, new Awakened());
    preloads =
        registries.map(
            client ->
                new Preloads(
                    config,
                    client,
                    security,
                    transports,
                    membership,
                    catalog,
                    leadership::leading));
    thread.start();
  }

  /** Takes note of what a node did with images; it is written down some seconds later. */
  public void used(List<ImageUse> uses) {
    uses.forEach(tally::add);
  }

  /**
   * Whether the agent takes a content.
   *
   * @param image that it was read for; empty if that is not known, and then it is taken
   * @param used bytes of the agent's memory
   * @param capacity the bytes that it lends
   */
  public boolean admits(Optional<Digest> image, long used, long capacity) {
    return gate.admits(image, used, capacity);
  }

  /** Who leads, and if it is this agent, what it found. */
  public ImagesReply images() {
    ImagesReply.Builder reply =
        ImagesReply.newBuilder()
            .setEtcd(true)
            .setLeader(leadership.leader().orElse(""))
            .setHalfLifeSeconds(catalog.halfLife().toSeconds());
    if (leadership.leading()) {
      standing.ifPresent(found -> ControlMessages.put(found, reply));
    }
    return reply.build();
  }

  /** What it did. */
  public ControlStats stats() {
    boolean leading = leadership.leading();
    return new ControlStats(
        leading,
        leading ? standing.map(Standing::known).orElse(0) : 0,
        gate.decided().map(admission -> admission.images().size()).orElse(0),
        preloads.map(Preloads::loaded).orElse(0L),
        preloads.map(Preloads::failed).orElse(0L),
        preloads.map(Preloads::bytes).orElse(0L),
        gate.refused(),
        tally.dropped());
  }

  /** Ends it; if it leads it steps down. */
  @Override
  public void close() {
    thread.interrupt();
    try {
      thread.join(TICK);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    preloads.ifPresent(Preloads::close);
    leadership.close();
    membership.close();
  }

  private void run() {
    try {
      while (true) {
        try {
          writeUses();
          record.get().ifPresent(gate::follow);
          lead();
          if (complained) {
            complained = false;
            log.info("event=control-resumed");
          }
        } catch (EtcdUnavailableException e) {
          if (!complained) {
            complained = true;
            log.warn("event=control-paused cause=\"{}\"", e.getMessage());
          }
        } catch (RuntimeException | Error e) {
          // the lease goes on, so nobody else would do it
          log.error("event=control-broken", e);
        }
        synchronized (thread) {
          thread.wait(tick().toMillis());
        }
      }
    } catch (InterruptedException e) {
      log.trace("event=control-ends");
    }
  }

  private Duration tick() {
    return config.interval().compareTo(TICK) < 0 ? config.interval() : TICK;
  }

  private void writeUses() throws EtcdUnavailableException, InterruptedException {
    Deque<ImageUse> uses = new ArrayDeque<>(tally.drain());
    try {
      while (!uses.isEmpty()) {
        write(uses.getFirst());
        uses.removeFirst();
      }
    } finally {
      // etcd is away: another time
      uses.forEach(tally::add);
    }
  }

  private void write(ImageUse use) throws EtcdUnavailableException, InterruptedException {
    try {
      var unused = catalog.used(use);
    } catch (CatalogFullException | CatalogConflictException e) {
      tally.drop();
      log.debug("event=use-dropped image={} cause=\"{}\"", use.image(), e.getMessage());
    }
  }

  private void lead() throws EtcdUnavailableException, InterruptedException {
    OptionalLong term = leadership.term();
    if (term.isEmpty()) {
      standing = Optional.empty();
      lastTerm = term;
      return;
    }
    long now = System.nanoTime();
    // a tick that comes a little early is the one that is meant
    long interval = config.interval().toNanos() - tick().toNanos() / 2;
    if (term.equals(lastTerm) && now - lastRound < interval || !round.knowsAgents()) {
      return;
    }
    lastTerm = term;
    lastRound = now;
    Optional<Standing> made = round.make(term.getAsLong());
    standing = made;
    if (made.isPresent()) {
      record.get().ifPresent(gate::follow);
      preloads.ifPresent(all -> all.plan(made.get().images()));
    }
  }

  /** Makes the first round of a term at once. */
  private final class Awakened implements Leadership.Listener {

    @Override
    public void elected() {
      synchronized (thread) {
        thread.notifyAll();
      }
    }

    @Override
    public void deposed() {
      log.debug("event=control-deposed");
    }
  }
}
