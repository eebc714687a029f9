package io.imageharbour.pool.control;

import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.pool.client.AgentControl;
import io.imageharbour.pool.client.PoolClient;
import io.imageharbour.pool.client.PoolConfig;
import io.imageharbour.pool.client.PoolControl;
import io.imageharbour.pool.client.TransportNames;
import io.imageharbour.pool.cluster.AgentAddress;
import io.imageharbour.pool.cluster.CatalogConflictException;
import io.imageharbour.pool.cluster.CatalogFullException;
import io.imageharbour.pool.cluster.CatalogImage;
import io.imageharbour.pool.cluster.EtcdUnavailableException;
import io.imageharbour.pool.cluster.ImageCatalog;
import io.imageharbour.pool.cluster.Membership;
import io.imageharbour.pool.cluster.StaticMembership;
import io.imageharbour.pool.load.ImageLoader;
import io.imageharbour.pool.security.PoolSecurity;
import java.io.IOException;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The leader's way to have popular images in the pool before they are asked for: looks how much of
 * each is there, writes that into the catalog, and loads what is missing, one image at a time, on a
 * thread of its own.
 */
final class Preloads implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Preloads.class);

  /** An image is loaded from this demand on: started twice lately. */
  static final double POPULAR = 1.5;

  /** An image of which a smaller part is there is loaded. */
  static final double ENOUGH = 0.9;

  /** Images that are looked at after a round of the leader; the others' turn comes later. */
  private static final int LOOKS = 10;

  private static final Duration READ = Duration.ofSeconds(1);
  private static final Duration CONNECT = Duration.ofSeconds(10);

  /** So long the last contents may be on their way. */
  private static final Duration BRING = Duration.ofMinutes(5);

  private static final Duration CLOSE = Duration.ofSeconds(5);

  private final ControlConfig config;
  private final PoolSecurity security;
  private final List<String> transports;
  private final Membership membership;
  private final ImageCatalog catalog;
  private final BooleanSupplier leading;
  private final RegistryClient registries;
  private final PoolSurvey survey;
  private final Retries retries = new Retries(System::nanoTime);
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("control-clock").factory());
  private final Map<Digest, Long> lastLooks = new HashMap<>();
  private final LongAdder loaded = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private final LongAdder bytes = new LongAdder();
  private final Object planning = new Object();
  private final Thread thread;

  // guarded by planning
  private Optional<List<RankedImage>> plan = Optional.empty();

  // of the thread
  private long looks;

  /**
   * Begins, with nothing to do.
   *
   * @param registries where images come from; belongs to this from now on
   * @param transports the names of those that the agent serves itself
   * @param leading whether the agent leads still
   */
  Preloads(
      ControlConfig config,
      RegistryClient registries,
      PoolSecurity security,
      List<String> transports,
      Membership membership,
      ImageCatalog catalog,
      BooleanSupplier leading) {
    this.config = config;
    this.security = security;
    this.transports = List.copyOf(transports);
    this.membership = membership;
    this.catalog = catalog;
    this.leading = leading;
    this.registries = registries;
    survey = new PoolSurvey(registries, config.preloadFrom(), config.replicas());
    thread = Thread.ofPlatform().daemon().name("control-preload").start(this::run);
  }

  /** Has these images looked at, the most popular first, once what is under way is done. */
  void plan(List<RankedImage> images) {
    synchronized (planning) {
      plan = Optional.of(images);
      planning.notifyAll();
    }
  }

  /** Images that were loaded. */
  long loaded() {
    return loaded.sum();
  }

  /** Images that could not be looked at or loaded. */
  long failed() {
    return failed.sum();
  }

  /** Bytes that were fetched. */
  long bytes() {
    return bytes.sum();
  }

  @Override
  public void close() {
    thread.interrupt();
    try {
      thread.join(CLOSE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    clock.shutdownNow();
    registries.close();
  }

  private void run() {
    try {
      while (true) {
        List<RankedImage> images = next();
        try {
          look(images);
        } catch (IOException | EtcdUnavailableException e) {
          log.debug("event=looks-ended cause=\"{}\"", e.getMessage());
        } catch (RuntimeException | Error e) {
          // the next plan has its own chance
          log.error("event=preloads-broken", e);
        }
      }
    } catch (InterruptedException e) {
      log.trace("event=preloads-end");
    }
  }

  private List<RankedImage> next() throws InterruptedException {
    synchronized (planning) {
      while (plan.isEmpty()) {
        planning.wait();
      }
      List<RankedImage> images = plan.get();
      plan = Optional.empty();
      return images;
    }
  }

  private void look(List<RankedImage> images)
      throws IOException, EtcdUnavailableException, InterruptedException {
    Set<Digest> ids =
        images.stream().map(ranked -> ranked.image().id()).collect(Collectors.toSet());
    retries.keep(ids);
    lastLooks.keySet().retainAll(ids);
    List<AgentAddress> agents = membership.agents();
    if (agents.isEmpty()) {
      return;
    }
    List<RankedImage> turn =
        images.stream()
            .filter(ranked -> retries.isDue(ranked.image().id()))
            .filter(ranked -> survey.mayOpen(ranked.image()))
            // a stable sort: of those whose turn it is the most popular first
            .sorted(
                Comparator.comparingLong(ranked -> lastLooks.getOrDefault(ranked.image().id(), 0L)))
            .limit(LOOKS)
            .toList();
    looks++;
    try (PoolControl pool = new PoolControl(agents, security)) {
      for (RankedImage ranked : turn) {
        if (!leading.getAsBoolean()) {
          return;
        }
        lastLooks.put(ranked.image().id(), looks);
        try {
          attend(ranked, pool);
        } finally {
          survey.release();
        }
      }
    }
  }

  private void attend(RankedImage ranked, PoolControl pool)
      throws EtcdUnavailableException, InterruptedException {
    CatalogImage image = ranked.image();
    try (Effort effort = new Effort(Effort.Limits.usual(), leading, clock, System::nanoTime)) {
      try {
        attend(ranked, pool, effort);
      } catch (IOException e) {
        fail(image, effort.end().orElseGet(() -> String.valueOf(e.getMessage())));
      } catch (InterruptedException e) {
        fail(image, effort.end().orElseThrow(() -> e));
      } catch (RuntimeException e) {
        // what a registry brings must not keep the others from their turn
        log.error("event=preload-broken image={}", image.id(), e);
        fail(image, e.toString());
      }
    }
  }

  private void attend(RankedImage ranked, PoolControl pool, Effort effort)
      throws IOException, EtcdUnavailableException, InterruptedException {
    CatalogImage image = ranked.image();
    PoolSurvey.Found found = survey.look(image, pool);
    if (found.presence().byAgent().isEmpty()) {
      // nobody answers: nothing is known, and nothing can be brought
      return;
    }
    write(image, found);
    if (!ranked.admitted() || ranked.demand() < POPULAR || isEnough(found)) {
      retries.succeeded(image.id());
      return;
    }
    load(image, found, pool, effort);
    found = survey.look(image, pool);
    write(image, found);
    if (isEnough(found)) {
      loaded.increment();
      // where it is pushed out again by others, loading it again and again helps nobody
      boolean unused = retries.tried(image.id());
      log.info("event=preloaded image={} name={}", image.id(), name(image));
    } else {
      fail(image, "agents did not keep it: they have no room, or do not answer");
    }
  }

  private static boolean isEnough(PoolSurvey.Found found) {
    return found.bytesThere() >= ENOUGH * found.all().bytes();
  }

  /** Through a client of its own, so that none is connected while there is nothing to load. */
  private void load(CatalogImage image, PoolSurvey.Found found, PoolControl pool, Effort effort)
      throws IOException, InterruptedException {
    List<Chunk> wanted = found.all().some(found.presence().wanted());
    List<AgentAddress> agents = pool.agents().stream().map(AgentControl::agent).toList();
    try (PoolClient client =
        new PoolClient(
            PoolConfig.of(config.replicas(), READ),
            security,
            new StaticMembership(agents),
            TransportNames.open(transports, security))) {
      for (AgentAddress agent : found.presence().byAgent().keySet()) {
        // what can't be brought to an agent is seen when it is looked for
        boolean unused = client.awaitConnected(agent, CONNECT);
      }
      effort.step(() -> client.stats().stored());
      new ImageLoader(client, bytes::add).load(survey.open(image), wanted);
      boolean unused = client.awaitOffers(BRING);
    }
    effort.step(() -> 0);
  }

  private void write(CatalogImage image, PoolSurvey.Found found)
      throws EtcdUnavailableException, InterruptedException {
    long size = found.all().bytes();
    Map<String, Long> agents = found.agents();
    try {
      Optional<CatalogImage> unused =
          catalog.update(
              image.id(), now -> now.map(known -> known.found(size, known.files(), agents)));
    } catch (CatalogConflictException | CatalogFullException e) {
      // after the next round again
      log.debug("event=share-not-written cause=\"{}\"", e.getMessage());
    }
  }

  private void fail(CatalogImage image, String cause) {
    if (!leading.getAsBoolean()) {
      // no fault of the image
      log.debug("event=preload-left image={} cause=\"{}\"", image.id(), cause);
      return;
    }
    failed.increment();
    if (retries.tried(image.id())) {
      log.warn(
          "event=preload-failed image={} name={} cause=\"{}\"", image.id(), name(image), cause);
    }
  }

  private static String name(CatalogImage image) {
    return image.names().stream().findFirst().orElse("");
  }
}
