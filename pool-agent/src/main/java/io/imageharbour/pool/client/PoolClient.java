package io.imageharbour.pool.client;

import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.cluster.AgentAddress;
import io.imageharbour.pool.cluster.ImageUse;
import io.imageharbour.pool.cluster.Membership;
import io.imageharbour.pool.cluster.Placement;
import io.imageharbour.pool.memory.Span;
import io.imageharbour.pool.security.PoolSecurity;
import io.imageharbour.pool.transport.Transport;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads contents out of the pool, and brings it contents. Everything that can go wrong with the
 * pool ends here: what can't be read is not there. Safe for use by many threads.
 */
public final class PoolClient implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(PoolClient.class);

  private final PoolConfig config;
  private final PoolSecurity security;
  private final List<Transport> transports;
  private final Membership membership;
  private final EventLoopGroup eventLoop =
      new MultiThreadIoEventLoopGroup(
          1, Thread.ofPlatform().daemon().name("pool-io").factory(), NioIoHandler.newFactory());
  private final OfferQueue offers;
  private volatile Neighbours neighbours = new Neighbours(new Placement(List.of()), List.of());
  private boolean closed;

  /** The agents, in the order of the placement. */
  private record Neighbours(Placement placement, List<AgentLink> links) {}

  /**
   * A client that begins to connect to all agents.
   *
   * @param membership belongs to the client from now on, as do the transports
   * @param transports the best first
   */
  public PoolClient(
      PoolConfig config, PoolSecurity security, Membership membership, List<Transport> transports) {
    this.config = config;
    this.security = security;
    this.membership = membership;
    this.transports = List.copyOf(transports);
    offers = new OfferQueue(config, this::linksFor);
    membership.listen(this::follow);
  }

  /** Whether some agent can be read from just now. */
  public boolean isOfUse() {
    return neighbours.links().stream().anyMatch(link -> link.connected().isPresent());
  }

  /**
   * Reads a content from the first agent that has it.
   *
   * @param size of the content in bytes
   * @return whether it was taken
   * @throws AgentUnavailableException if no agent could be asked that may have it
   * @throws IOException if {@code taker} failed
   */
  public boolean read(Digest digest, int size, ContentTaker taker)
      throws IOException, InterruptedException {
    if (size > Span.MAX_LENGTH) {
      return false;
    }
    Optional<AgentUnavailableException> failure = Optional.empty();
    boolean asked = false;
    for (AgentLink link : linksFor(digest)) {
      try {
        if (link.read(digest, size, taker, config.readTimeout())) {
          return true;
        }
        asked = true;
      } catch (AgentUnavailableException e) {
        failure = Optional.of(e);
      }
    }
    if (!asked && failure.isPresent()) {
      throw failure.get();
    }
    return false;
  }

  /** What came of a read that was given little time. */
  public enum Prompt {
    TAKEN,
    /** No agent that is to keep it has it. */
    MISSING,
    /** It took too long, or an agent that may have it can't be asked just now. */
    UNKNOWN
  }

  /**
   * Reads a content as {@link #read} does, but gives up soon, and does not hold that against the
   * agents.
   *
   * @param size of the content in bytes
   * @param patience for all agents together
   * @throws IOException if {@code taker} failed
   */
  public Prompt readPromptly(Digest digest, int size, ContentTaker taker, Duration patience)
      throws IOException, InterruptedException {
    if (size > Span.MAX_LENGTH) {
      return Prompt.MISSING;
    }
    long deadline = System.nanoTime() + patience.toNanos();
    Prompt otherwise = Prompt.MISSING;
    for (AgentLink link : linksFor(digest)) {
      Duration left = Duration.ofNanos(deadline - System.nanoTime());
      if (!left.isPositive()) {
        return Prompt.UNKNOWN;
      }
      try {
        if (link.read(digest, size, taker, left)) {
          return Prompt.TAKEN;
        }
      } catch (AgentUnavailableException e) {
        otherwise = Prompt.UNKNOWN;
      }
    }
    return otherwise;
  }

  /**
   * Offers a content to the agents that are to keep it, in the background. It is dropped if too
   * much is under way already.
   *
   * @param content its bytes, which are copied; they must have the digest
   */
  public void offer(Digest digest, ByteBuffer content) {
    offer(digest, content, Optional.empty());
  }

  /**
   * The same.
   *
   * @param image that it was read for, by the digest of its manifest: a full agent takes contents
   *     of popular images only. Empty if that is not known, or does not matter
   */
  public void offer(Digest digest, ByteBuffer content, Optional<Digest> image) {
    if (content.remaining() <= Span.MAX_LENGTH && content.hasRemaining()) {
      offers.offer(digest, content, image);
    }
  }

  /**
   * Tells agents what was done with images. Each image is told to the same agent while that can be
   * reached, else to another one; what nobody hears is lost.
   */
  public void tell(List<ImageUse> uses) {
    Neighbours now = neighbours;
    if (now.links().isEmpty()) {
      return;
    }
    Map<AgentLink, List<ImageUse>> byLink = new HashMap<>();
    for (ImageUse use : uses) {
      Arrays.stream(now.placement().locate(use.image(), now.links().size()))
          .mapToObj(now.links()::get)
          .filter(link -> link.connected().isPresent())
          .findFirst()
          .ifPresent(link -> byLink.computeIfAbsent(link, any -> new ArrayList<>()).add(use));
    }
    byLink.forEach(AgentLink::tell);
  }

  /**
   * Brings a content to the agents that are to keep it, as {@link #offer} does, but never drops it
   * for want of room: waits while too much is under way.
   *
   * @param content 1 byte to 1 MiB, which are copied; they must have the digest
   */
  public void put(Digest digest, ByteBuffer content) throws InterruptedException {
    if (content.remaining() > Span.MAX_LENGTH || !content.hasRemaining()) {
      throw new IllegalArgumentException("a content of " + content.remaining() + " bytes");
    }
    offers.put(digest, content);
  }

  /** Waits until this agent can be read and written; false if it is unknown, or took longer. */
  public boolean awaitConnected(AgentAddress agent, Duration patience) throws InterruptedException {
    for (AgentLink link : neighbours.links()) {
      if (link.agent().place().equals(agent.place())) {
        return link.awaitConnected(patience);
      }
    }
    return false;
  }

  /** Waits until everything that was offered was brought or dropped; false if it took longer. */
  public boolean awaitOffers(Duration patience) throws InterruptedException {
    return offers.awaitIdle(patience);
  }

  /** What it did. */
  public PoolStats stats() {
    return new PoolStats(
        neighbours.links().stream().map(AgentLink::stats).toList(),
        membership.stale(),
        offers.offered(),
        offers.stored(),
        offers.dropped());
  }

  @Override
  public void close() {
    membership.close();
    List<AgentLink> links;
    synchronized (this) {
      closed = true;
      links = neighbours.links();
      neighbours = new Neighbours(new Placement(List.of()), List.of());
    }
    offers.close();
    closeAll(links);
    transports.forEach(Transport::close);
    eventLoop.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
  }

  /** Has all end at once, so that one that hangs costs its patience and not the sum of all. */
  private static void closeAll(List<AgentLink> links) {
    links.forEach(AgentLink::beginClose);
    links.forEach(AgentLink::close);
  }

  private List<AgentLink> linksFor(Digest digest) {
    Neighbours now = neighbours;
    int[] positions = now.placement().locate(digest, config.replicas());
    List<AgentLink> links = new ArrayList<>(positions.length);
    for (int position : positions) {
      links.add(now.links().get(position));
    }
    return links;
  }

  private void follow(List<AgentAddress> agents) {
    List<AgentLink> gone = new ArrayList<>();
    synchronized (this) {
      if (closed) {
        return;
      }
      Map<String, AgentLink> old = new HashMap<>();
      neighbours.links().forEach(link -> old.put(link.agent().place(), link));
      Placement placement = new Placement(agents);
      List<AgentLink> links = new ArrayList<>();
      List<AgentAddress> linked = new ArrayList<>();
      for (AgentAddress agent : placement.agents()) {
        Optional<AgentLink> link =
            Optional.ofNullable(old.remove(agent.place())).or(() -> open(agent));
        if (link.isPresent()) {
          links.add(link.get());
          linked.add(agent);
        }
      }
      if (links.size() < placement.agents().size()) {
        placement = new Placement(linked);
      }
      neighbours = new Neighbours(placement, List.copyOf(links));
      gone.addAll(old.values());
    }
    closeAll(gone);
  }

  private Optional<AgentLink> open(AgentAddress agent) {
    try {
      return Optional.of(
          new AgentLink(agent, config, new AgentChannel(agent, security, eventLoop), transports));
    } catch (IOException e) {
      log.error("event=agent-unusable agent={} cause=\"{}\"", agent.id(), e.toString());
      return Optional.empty();
    }
  }
}
