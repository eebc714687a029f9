package io.imageharbour.pool.cluster;

import io.etcd.jetcd.lease.LeaseGrantResponse;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds a lease in etcd, on a thread of its own: renews it three times in its life, gets another
 * when it is lost, and tries again and again, with back-off, while etcd is away. What is to be done
 * under the lease is done after every renewal. Closing revokes it.
 */
final class LeaseHolder implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(LeaseHolder.class);

  /** What is done under the lease; all on the holder's thread. */
  interface Tenant {

    /**
     * The lease was renewed, or is a new one.
     *
     * @param until when it ends unless it is renewed, as {@link System#nanoTime} counts; etcd keeps
     *     it longer than that
     */
    void renewed(long lease, long until) throws EtcdUnavailableException, InterruptedException;

    /** The lease is gone, or it is so long since the last renewal that it may be. */
    void lost();
  }

  /** The shortest time a lease may have; etcd's own least is 1.5 elections, which are 1 s. */
  static final Duration SHORTEST = Duration.ofSeconds(2);

  static final Duration LONGEST = Duration.ofHours(1);

  private final EtcdConnection etcd;
  private final Duration ttl;
  private final Tenant tenant;
  private final Thread thread;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition wake = lock.newCondition();

  // guarded by lock
  private boolean closed;
  private boolean hurried;

  // of the thread, until it has ended
  private long lease;
  private long until;
  private boolean held;
  private boolean complained;

  /**
   * Begins.
   *
   * @param name of the thread
   * @param ttl whole seconds, from {@link #SHORTEST} to {@link #LONGEST}
   */
  LeaseHolder(String name, EtcdConnection etcd, Duration ttl, Tenant tenant) {
    if (ttl.compareTo(SHORTEST) < 0 || ttl.compareTo(LONGEST) > 0 || ttl.getNano() != 0) {
      throw new IllegalArgumentException(
          "a lease lasts whole seconds, from "
              + SHORTEST.toSeconds()
              + " to "
              + LONGEST.toSeconds()
              + ", not "
              + ttl);
    }
    this.etcd = etcd;
    this.ttl = ttl;
    this.tenant = tenant;
    thread = Thread.ofPlatform().name(name).daemon().start(this::run);
  }

  /** Has the tenant called soon, not only at the next renewal. */
  void hurry() {
    lock.lock();
    try {
      hurried = true;
      wake.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Ends the thread and gives the lease back, waiting no longer than twice etcd's timeout. */
  @Override
  public void close() {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      wake.signalAll();
    } finally {
      lock.unlock();
    }
    thread.interrupt();
    try {
      if (thread.join(etcd.timeout()) && lease != 0) {
        etcd.revoke(lease);
      }
    } catch (EtcdUnavailableException e) {
      LOG.info("event=lease-not-revoked thread={} cause={}", thread.getName(), e.getMessage());
    } catch (InterruptedException e) {
      // it ends by itself then
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    Backoff backoff = new Backoff(ttl.dividedBy(3));
    try {
      while (!isClosed()) {
        try {
          renew();
          tenant.renewed(lease, until);
          if (complained) {
            LOG.info("event=etcd-back thread={}", thread.getName());
            complained = false;
          }
          backoff.reset();
          pause(ttl.toNanos() / 3);
        } catch (EtcdUnavailableException e) {
          if (!complained) {
            LOG.warn("event=etcd-away thread={} cause={}", thread.getName(), e.getMessage());
            complained = true;
          }
          giveUpInTime();
          pause(held ? Math.min(backoff.next(), until - System.nanoTime()) : backoff.next());
        }
      }
    } catch (InterruptedException e) {
      // closed
    } finally {
      giveUp();
    }
  }

  private void renew() throws EtcdUnavailableException, InterruptedException {
    long asked = System.nanoTime();
    if (lease != 0) {
      // never beyond its end, for the tenant is to know of that in time
      long left = held ? Math.max(1, until - asked) : Long.MAX_VALUE;
      if (etcd.keepAlive(lease, left)) {
        hold(asked, ttl.toSeconds());
        return;
      }
      LOG.warn("event=lease-lost thread={}", thread.getName());
      lease = 0;
      giveUp();
      asked = System.nanoTime();
    }
    LeaseGrantResponse granted = etcd.grant(ttl, Long.MAX_VALUE);
    lease = granted.getID();
    hold(asked, granted.getTTL());
  }

  private void hold(long asked, long seconds) {
    // a tenth less: clocks don't run alike
    until = asked + TimeUnit.SECONDS.toNanos(seconds) / 10 * 9;
    held = true;
  }

  private void giveUpInTime() {
    if (held && System.nanoTime() - until >= 0) {
      giveUp();
    }
  }

  private void giveUp() {
    if (held) {
      held = false;
      tenant.lost();
    }
  }

  private boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

  private void pause(long nanos) throws InterruptedException {
    lock.lock();
    try {
      while (!closed && !hurried && nanos > 0) {
        nanos = wake.awaitNanos(nanos);
      }
      hurried = false;
    } finally {
      lock.unlock();
    }
  }
}
