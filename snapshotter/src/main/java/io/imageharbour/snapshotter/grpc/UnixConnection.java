package io.imageharbour.snapshotter.grpc;

import io.grpc.ManagedChannel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A client connection over a unix socket with a thread of its own, for programs that have one. */
public final class UnixConnection implements AutoCloseable {

  private final EventLoopGroup eventLoop;
  private final ManagedChannel channel;

  /**
   * Connects when it is first used.
   *
   * @param thread name of its thread
   */
  public UnixConnection(Path socket, String thread) {
    this.eventLoop =
        new MultiThreadIoEventLoopGroup(
            1, Thread.ofPlatform().daemon().name(thread).factory(), NioIoHandler.newFactory());
    this.channel = UnixChannels.open(socket, eventLoop);
  }

  public ManagedChannel channel() {
    return channel;
  }

  /** Ends the calls that go on, with an error. */
  @Override
  public void close() {
    channel.shutdownNow();
    var _ = eventLoop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
  }
}
