package io.imageharbour.pool.cluster;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.Watch;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.watch.WatchEvent;
import io.etcd.jetcd.watch.WatchResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The agents that have registered in etcd (see {@link AgentRegistration}): listed once, and from
 * then on watched. When the watch ends, for whatever reason, they are listed again, so nothing that
 * happened meanwhile is missed, not even that etcd lost its data. While etcd is away the last known
 * list stays in force, and it is tried again and again, with back-off; a watch that has no news is
 * checked every {@link EtcdConfig#timeout}.
 *
 * <p>What is under the prefix and is no agent's record is passed over, with one line in the log.
 */
public final class EtcdMembership implements Membership {

  private static final Logger LOG = LoggerFactory.getLogger(EtcdMembership.class);

  /** Agents beyond so many are passed over, in the order of their ids. */
  static final int MAX_AGENTS = 10_000;

  private static final int PAGE = 500;
  private static final int MAX_NEWS = 1_000;
  private static final int MAX_COMPLAINTS = 1_000;
  private static final Duration LONGEST_BACKOFF = Duration.ofSeconds(5);

  private sealed interface News {
    record Change(WatchResponse response) implements News {}

    record End(String cause) implements News {}
  }

  private final EtcdConnection etcd;
  private final String directory;
  private final Thread thread;
  private final Runnable afterwards;
  private final Object publishing = new Object();

  // guarded by publishing
  private final List<Consumer<List<AgentAddress>>> listeners = new ArrayList<>();

  private volatile List<AgentAddress> agents;
  private volatile boolean stale = true;
  private volatile boolean closed;

  // of the thread
  private final Backoff backoff = new Backoff(LONGEST_BACKOFF);
  private final Map<String, AgentAddress> known = new TreeMap<>();
  private final Map<ByteSequence, Long> complaints = new HashMap<>();
  private long revision;
  private boolean away;

  /**
   * Begins to follow.
   *
   * @param etcd stays the caller's, to be closed after this
   * @param first the list until etcd has answered for the first time; may be empty
   */
  public EtcdMembership(EtcdConnection etcd, StaticMembership first) {
    this(etcd, first, () -> {});
  }

  private EtcdMembership(EtcdConnection etcd, StaticMembership first, Runnable afterwards) {
    this.etcd = etcd;
    this.afterwards = afterwards;
    directory = etcd.key(AgentRecord.DIRECTORY);
    agents = first.agents();
    thread = Thread.ofPlatform().name("etcd-membership").daemon().start(this::run);
  }

  /**
   * The same with a connection of its own.
   *
   * @throws IOException if the configuration can't be used, such as a certificate
   */
  public static EtcdMembership connect(EtcdConfig config, StaticMembership first)
      throws IOException {
    EtcdConnection own = new EtcdConnection(config);
    return new EtcdMembership(own, first, own::close);
  }

  @Override
  public List<AgentAddress> agents() {
    return agents;
  }

  @Override
  public boolean stale() {
    return stale;
  }

  @Override
  public void listen(Consumer<List<AgentAddress>> listener) {
    synchronized (publishing) {
      tell(listener, agents);
      listeners.add(listener);
    }
  }

  /** Waits no longer than etcd's timeout. */
  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    try {
      thread.join(etcd.timeout());
    } catch (InterruptedException e) {
      // it ends by itself then
      Thread.currentThread().interrupt();
    }
    afterwards.run();
  }

  private void run() {
    try {
      while (!closed) {
        try {
          String cause = follow();
          LOG.info("event=pool-watch-ended cause={}", cause);
        } catch (EtcdUnavailableException e) {
          stale = true;
          if (!away) {
            LOG.warn("event=pool-list-stale agents={} cause={}", agents.size(), e.getMessage());
          }
          away = true;
        }
        TimeUnit.NANOSECONDS.sleep(backoff.next());
      }
    } catch (InterruptedException e) {
      // closed
    } finally {
      stale = true;
    }
  }

  /** Lists and watches until the watch is over; says why it is. */
  private String follow() throws EtcdUnavailableException, InterruptedException {
    list();
    BlockingQueue<News> news = new LinkedBlockingQueue<>(MAX_NEWS);
    try (Watch.Watcher watcher = etcd.watch(directory, revision + 1, new Ear(news))) {
      while (!watcher.isClosed() || !news.isEmpty()) {
        News next = news.poll(etcd.timeout().toNanos(), TimeUnit.NANOSECONDS);
        switch (next) {
          case null -> {
            if (etcd.revision() < revision) {
              return "etcd has lost what it knew";
            }
          }
          case News.Change(WatchResponse response) -> apply(response);
          case News.End(String cause) -> {
            return cause;
          }
        }
      }
      return "closed";
    }
  }

  private void list() throws EtcdUnavailableException, InterruptedException {
    List<KeyValue> found = new ArrayList<>();
    ByteSequence from = EtcdConnection.bytes(directory);
    long asOf = 0;
    boolean more = true;
    while (more && found.size() < MAX_AGENTS) {
      GetResponse page = etcd.range(directory, from, PAGE, asOf);
      asOf = asOf == 0 ? page.getHeader().getRevision() : asOf;
      found.addAll(page.getKvs());
      more = page.isMore() && !page.getKvs().isEmpty();
      if (more) {
        from = EtcdConnection.after(found.getLast().getKey());
      }
    }
    if (more) {
      LOG.warn("event=too-many-agents most={} cause=the others are passed over", MAX_AGENTS);
    }
    revision = asOf;
    known.clear();
    found.forEach(this::add);
    publish();
    stale = false;
    if (away) {
      LOG.info("event=pool-list-fresh agents={}", agents.size());
      away = false;
    }
  }

  private void apply(WatchResponse response) {
    // what arrives is what a watch that works brings, be it only the news that it was created
    backoff.reset();
    for (WatchEvent event : response.getEvents()) {
      if (event.getEventType() == WatchEvent.EventType.PUT) {
        add(event.getKeyValue());
      } else {
        known.remove(id(event.getKeyValue()).toString());
      }
      revision = Math.max(revision, event.getKeyValue().getModRevision());
    }
    publish();
  }

  private void add(KeyValue entry) {
    ByteSequence id = id(entry);
    try {
      AgentAddress agent = AgentRecord.decode(id, entry.getValue());
      if (known.size() < MAX_AGENTS || known.containsKey(agent.id())) {
        known.put(agent.id(), agent);
      }
    } catch (InvalidRecordException e) {
      known.remove(id.toString());
      Long before = complaints.put(entry.getKey(), entry.getModRevision());
      if (before == null || before != entry.getModRevision()) {
        LOG.warn(
            "event=agent-passed-over key={} cause={}",
            Printable.of(entry.getKey()),
            e.getMessage());
      }
      if (complaints.size() > MAX_COMPLAINTS) {
        complaints.clear();
      }
    }
  }

  private ByteSequence id(KeyValue entry) {
    return entry.getKey().substring(directory.length());
  }

  private void publish() {
    List<AgentAddress> now = List.copyOf(known.values());
    synchronized (publishing) {
      if (!now.equals(agents)) {
        agents = now;
        listeners.forEach(listener -> tell(listener, now));
      }
    }
  }

  private static void tell(Consumer<List<AgentAddress>> listener, List<AgentAddress> agents) {
    try {
      listener.accept(agents);
    } catch (RuntimeException e) {
      LOG.error("event=listener-failed agents={}", agents.size(), e);
    }
  }

  /** Hands on what jetcd hears; on jetcd's threads. */
  private record Ear(BlockingQueue<News> news) implements Watch.Listener {

    @Override
    public void onNext(WatchResponse response) {
      if (!news.offer(new News.Change(response))) {
        end("more changes at once than can be kept");
      }
    }

    @Override
    public void onError(Throwable e) {
      end(String.valueOf(e.getMessage()));
    }

    @Override
    public void onCompleted() {
      end("etcd ended it");
    }

    private void end(String cause) {
      News end = new News.End(cause);
      while (!news.offer(end)) {
        news.clear();
      }
    }
  }
}
