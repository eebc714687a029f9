package io.imageharbour.pool.control;

import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.cluster.Admission;
import io.imageharbour.pool.cluster.AdmissionRecord;
import io.imageharbour.pool.cluster.AgentAddress;
import io.imageharbour.pool.cluster.CatalogConflictException;
import io.imageharbour.pool.cluster.CatalogFullException;
import io.imageharbour.pool.cluster.CatalogImage;
import io.imageharbour.pool.cluster.EtcdUnavailableException;
import io.imageharbour.pool.cluster.ImageCatalog;
import io.imageharbour.pool.cluster.Membership;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a leader does every few seconds: reads the catalog, ranks the images, writes down which are
 * admitted, and has the catalog forget what nobody uses any more. For one thread.
 */
final class LeaderRound {

  private static final Logger log = LoggerFactory.getLogger(LeaderRound.class);

  private static final int PAGE = 500;

  /** So many images are forgotten in a round: each takes two questions to etcd. */
  private static final int MOST_FORGOTTEN = 200;

  private final String leader;
  private final ImageCatalog catalog;
  private final AdmissionRecord record;
  private final Membership membership;
  private final int replicas;
  private final InstantSource clock;

  LeaderRound(
      String leader,
      ImageCatalog catalog,
      AdmissionRecord record,
      Membership membership,
      int replicas,
      InstantSource clock) {
    this.leader = leader;
    this.catalog = catalog;
    this.record = record;
    this.membership = membership;
    this.replicas = replicas;
    this.clock = clock;
  }

  /**
   * Whether the agents are known: not until this one is listed with them. With a part of the
   * memory, or none of it, most of what is admitted would be displaced.
   */
  boolean knowsAgents() {
    return membership.agents().stream().anyMatch(agent -> agent.id().equals(leader));
  }

  /**
   * Makes a round.
   *
   * @param term in which the agent leads
   * @return what came of it; empty if the term is over
   */
  Optional<Standing> make(long term) throws EtcdUnavailableException, InterruptedException {
    Set<Digest> before = record.get().map(Admission::images).orElse(Set.of());
    List<RankedImage> images = new ArrayList<>();
    Optional<ImageCatalog.Cursor> next = Optional.empty();
    do {
      ImageCatalog.Page page = catalog.list(next, PAGE);
      page.images().forEach(image -> images.add(ranked(image, before.contains(image.id()))));
      next = page.next();
    } while (next.isPresent() && images.size() < ImageCatalog.MAX_IMAGES);
    long lent = membership.agents().stream().mapToLong(AgentAddress::memoryBytes).sum();
    List<RankedImage> order = Ranking.of(images, (long) (AdmissionGate.FULL * lent / replicas));
    Set<Digest> admitted =
        order.stream()
            .filter(RankedImage::admitted)
            .map(ranked -> ranked.image().id())
            .collect(Collectors.toSet());
    long now = clock.instant().getEpochSecond();
    if (!record.put(new Admission(term, leader, now, admitted))) {
      log.info("event=round-void term={} cause=\"another agent leads\"", term);
      return Optional.empty();
    }
    forget(Ranking.forgettable(order));
    return Optional.of(
        new Standing(
            order.subList(0, Math.min(order.size(), Standing.MOST)),
            order.size(),
            admitted.size(),
            System.nanoTime()));
  }

  private RankedImage ranked(CatalogImage image, boolean admitted) {
    return new RankedImage(image, catalog.frequency(image), catalog.missed(image), admitted);
  }

  private void forget(List<RankedImage> images)
      throws EtcdUnavailableException, InterruptedException {
    for (RankedImage ranked : images.subList(0, Math.min(images.size(), MOST_FORGOTTEN))) {
      CatalogImage seen = ranked.image();
      try {
        // not if somebody has used it meanwhile
        Optional<CatalogImage> left =
            catalog.update(seen.id(), now -> now.filter(image -> !image.equals(seen)));
        if (left.isEmpty()) {
          log.info("event=image-forgotten image={} demand={}", seen.id(), ranked.demand());
        }
      } catch (CatalogConflictException | CatalogFullException e) {
        log.debug("event=image-not-forgotten cause=\"{}\"", e.getMessage());
      }
    }
  }
}
