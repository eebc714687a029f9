package io.imageharbour.pool.client;

import io.imageharbour.pool.cluster.AgentAddress;
import io.imageharbour.pool.security.PoolSecurity;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The agents of a pool for whoever manages it, with nothing of their memory. Connects when it is
 * needed. Safe for use by many threads.
 */
public final class PoolControl implements AutoCloseable {

  private final EventLoopGroup eventLoop =
      new MultiThreadIoEventLoopGroup(
          1, Thread.ofPlatform().daemon().name("pool-io").factory(), NioIoHandler.newFactory());
  private final List<AgentChannel> channels = new ArrayList<>();
  private final List<AgentControl> agents = new ArrayList<>();

  /**
   * These agents.
   *
   * @throws IOException if TLS can't be set up
   */
  public PoolControl(List<AgentAddress> agents, PoolSecurity security) throws IOException {
    try {
      for (AgentAddress agent : agents) {
        AgentChannel channel = new AgentChannel(agent, security, eventLoop);
        channels.add(channel);
        this.agents.add(new AgentControl(agent, channel));
      }
    } catch (IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  /** The agents, in the order in which they were given. */
  public List<AgentControl> agents() {
    return List.copyOf(agents);
  }

  @Override
  public void close() {
    channels.forEach(AgentChannel::close);
    eventLoop.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
