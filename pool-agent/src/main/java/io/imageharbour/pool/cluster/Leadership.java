package io.imageharbour.pool.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.etcd.jetcd.KeyValue;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Elects one leader among the agents: whoever has put the key {@code <prefix>/leader}, with its id
 * as value, under a lease that lasts still. The others try three times in a lease's life, so when
 * the leader dies there is another after at most four thirds of it, and after a third when it says
 * good-bye.
 *
 * <p>There is never more than one who finds {@link #leading} true: it is, until a tenth of the
 * lease's life before etcd may end the lease, by the local clock, whether etcd can be reached or
 * not. Only where somebody deletes the key or revokes the lease, or etcd is replaced by an empty
 * one, there may be two until the old leader renews its lease, which is a third of its life at
 * most. And what a leader has begun may still be under way when there is another. So what it writes
 * to etcd is written with transactions. Safe for use by many threads.
 */
public final class Leadership implements AutoCloseable {

  /** How long nobody leads when a leader died, where the configuration doesn't say. */
  public static final Duration DEFAULT_TTL = Duration.ofSeconds(10);

  private static final Logger LOG = LoggerFactory.getLogger(Leadership.class);

  /** Told of the candidate's fate, by a thread of the election's; both methods must be quick. */
  public interface Listener {

    /** This candidate leads from now on. */
    void elected();

    /**
     * It does no longer. {@link Leadership#leading} says so in time; this may come later, by as
     * long as a call to etcd takes.
     */
    void deposed();
  }

  private record Term(long number, long until) {}

  private final EtcdConnection etcd;
  private final String candidate;
  private final String key;
  private final Listener listener;

  private volatile Optional<Term> term = Optional.empty();
  private volatile Optional<String> leader = Optional.empty();

  private final LeaseHolder holder;

  /**
   * Becomes a candidate.
   *
   * @param etcd stays the caller's, to be closed after this
   * @param candidate the agent's id
   * @param ttl how long nobody leads when a leader died: whole seconds, 2 to 3600
   */
  public Leadership(EtcdConnection etcd, String candidate, Duration ttl, Listener listener) {
    if (!AgentAddress.isId(candidate)) {
      throw new IllegalArgumentException("not an agent's id: " + candidate);
    }
    this.etcd = etcd;
    this.candidate = candidate;
    this.listener = listener;
    key = key(etcd);
    holder = new LeaseHolder("etcd-leadership", etcd, ttl, new Tenant());
  }

  /** Whether this candidate leads, at this very moment. */
  public boolean leading() {
    Optional<Term> now = term;
    return now.isPresent() && System.nanoTime() - now.get().until() < 0;
  }

  /**
   * The number of the term in which this candidate leads, greater than those of all terms before:
   * what etcd is asked to compare when something is written that only the leader may write. Empty
   * if it does not lead.
   */
  public OptionalLong term() {
    Optional<Term> now = term;
    return now.isPresent() && leading()
        ? OptionalLong.of(now.get().number())
        : OptionalLong.empty();
  }

  /** The key that the leader has put; it was created at the revision that is the term's number. */
  static String key(EtcdConnection etcd) {
    return etcd.key("leader");
  }

  /** Who led when etcd was last asked; empty if nobody did. */
  public Optional<String> leader() {
    return leader;
  }

  /** Steps down, waiting no longer than twice etcd's timeout. */
  @Override
  public void close() {
    holder.close();
  }

  private final class Tenant implements LeaseHolder.Tenant {

    @Override
    public void renewed(long lease, long until)
        throws EtcdUnavailableException, InterruptedException {
      Optional<KeyValue> now = etcd.get(key);
      if (now.isEmpty()) {
        boolean unused = etcd.put(key, candidate.getBytes(UTF_8), 0, lease);
        now = etcd.get(key);
      }
      leader = now.map(entry -> entry.getValue().toString(UTF_8)).filter(AgentAddress::isId);
      if (now.isEmpty() || now.get().getLease() != lease) {
        lost();
        return;
      }
      boolean elected = term.isEmpty();
      term = Optional.of(new Term(now.get().getCreateRevision(), until));
      if (elected) {
        LOG.info("event=elected agent={}", candidate);
        tell(listener::elected);
      }
    }

    @Override
    public void lost() {
      if (term.isPresent()) {
        term = Optional.empty();
        LOG.info("event=deposed agent={}", candidate);
        tell(listener::deposed);
      }
    }

    private void tell(Runnable news) {
      try {
        news.run();
      } catch (RuntimeException e) {
        LOG.error("event=listener-failed agent={}", candidate, e);
      }
    }
  }
}
