package io.imageharbour.cli.doctor;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.imageharbour.snapshotter.proto.snapshots.ListSnapshotsRequest;
import io.imageharbour.snapshotter.proto.snapshots.SnapshotsGrpc;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A real call to a snapshotter on its socket. That containerd lists a plugin proves nothing. */
final class SnapshotsCall {

  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  private SnapshotsCall() {}

  /** Asks for the list of snapshots. Returns what went wrong, or nothing. */
  static Optional<String> list(Path socket) {
    EventLoopGroup eventLoop =
        new MultiThreadIoEventLoopGroup(
            1, Thread.ofPlatform().daemon().name("doctor-io").factory(), NioIoHandler.newFactory());
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket))
            .channelType(NioDomainSocketChannel.class, UnixDomainSocketAddress.class)
            .eventLoopGroup(eventLoop)
            .overrideAuthority("localhost")
            .usePlaintext()
            .build();
    try {
      SnapshotsGrpc.newBlockingStub(channel)
          .withDeadlineAfter(TIMEOUT)
          .list(ListSnapshotsRequest.getDefaultInstance())
          .forEachRemaining(_ -> {});
      return Optional.empty();
    } catch (StatusRuntimeException e) {
      return Optional.of(reason(e));
    } finally {
      channel.shutdownNow();
      var _ = eventLoop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
    }
  }

  private static String reason(StatusRuntimeException failure) {
    // of a connection that fails only the cause tells why
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return switch (failure.getStatus().getCode()) {
      case DEADLINE_EXCEEDED -> "no answer within " + TIMEOUT.toSeconds() + " s";
      default -> String.valueOf(cause.getMessage());
    };
  }
}
