package io.imageharbour.pool.cluster;

import io.etcd.jetcd.KeyValue;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes an agent a member of the pool: keeps a key {@code <prefix>/agents/<id>} in etcd for as long
 * as the agent lives, under a lease, so that a dead agent is gone from the pool a lease's life
 * later. Whatever becomes of key, lease and etcd, the agent is registered again as soon as etcd
 * answers.
 *
 * <p>Of two agents with the same id the one that came last is registered, and the other waits, and
 * says so in its log, until that one is gone. Safe for use by many threads.
 */
public final class AgentRegistration implements AutoCloseable {

  /** How long a dead agent stays in the pool where the configuration doesn't say. */
  public static final Duration DEFAULT_TTL = Duration.ofSeconds(10);

  private static final Logger LOG = LoggerFactory.getLogger(AgentRegistration.class);

  private final EtcdConnection etcd;
  private final String key;
  private volatile AgentAddress agent;
  private volatile boolean registered;

  // of the holder's thread
  private long ownLease;
  private boolean displaced;

  private final LeaseHolder holder;

  /**
   * Begins to register; it is done when etcd answers.
   *
   * @param etcd stays the caller's, to be closed after this
   * @param ttl how long a dead agent stays in the pool: whole seconds, 2 to 3600
   */
  public AgentRegistration(EtcdConnection etcd, AgentAddress agent, Duration ttl) {
    this.etcd = etcd;
    this.agent = agent;
    key = etcd.key(AgentRecord.DIRECTORY) + agent.id();
    holder = new LeaseHolder("etcd-registration", etcd, ttl, new Tenant());
  }

  /** Whether the agent was in the list when last asked, and its lease lasts still. */
  public boolean registered() {
    return registered;
  }

  /** Says that the agent now lends this much, 1 to 2^60 bytes. */
  public synchronized void lends(long memoryBytes) {
    AgentAddress now = agent;
    agent = new AgentAddress(now.id(), now.host(), now.port(), memoryBytes);
    holder.hurry();
  }

  /** Takes the agent out of the list, waiting no longer than twice etcd's timeout. */
  @Override
  public void close() {
    holder.close();
  }

  private final class Tenant implements LeaseHolder.Tenant {

    @Override
    public void renewed(long lease, long until)
        throws EtcdUnavailableException, InterruptedException {
      byte[] value = AgentRecord.encode(agent);
      Optional<KeyValue> now = etcd.get(key);
      boolean mine = now.isPresent() && now.get().getLease() == lease;
      if (now.isPresent() && !mine && ownLease == lease) {
        if (!displaced) {
          LOG.warn(
              "event=agent-displaced agent={} cause=another agent has registered with this id: {}",
              agent.id(),
              Printable.of(now.get().getValue()));
        }
        displaced = true;
        registered = false;
      } else if (mine && Arrays.equals(now.get().getValue().getBytes(), value)) {
        registered = true;
      } else if (etcd.put(key, value, now.map(KeyValue::getModRevision).orElse(0L), lease)) {
        LOG.info("event=agent-registered agent={} lease={}", agent, Long.toHexString(lease));
        ownLease = lease;
        displaced = false;
        registered = true;
      } else {
        // somebody was faster; the next renewal shows who
        registered = false;
      }
    }

    @Override
    public void lost() {
      registered = false;
    }
  }
}
