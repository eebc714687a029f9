package io.imageharbour.snapshotter.grpc;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;

/** Client connections over unix sockets. */
public final class UnixChannels {

  private UnixChannels() {}

  /**
   * A channel that connects when it is first used; to be shut down by the caller.
   *
   * @param eventLoop stays the caller's to shut down
   */
  public static ManagedChannel open(Path socket, EventLoopGroup eventLoop) {
    return NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket))
        .channelType(NioDomainSocketChannel.class, UnixDomainSocketAddress.class)
        .eventLoopGroup(eventLoop)
        .overrideAuthority("localhost")
        .usePlaintext()
        .build();
  }
}
