package io.imageharbour.pool.client;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.imageharbour.pool.cluster.AgentAddress;
import io.imageharbour.pool.proto.PoolGrpc;
import io.imageharbour.pool.proto.PoolGrpc.PoolBlockingStub;
import io.imageharbour.pool.security.PoolSecurity;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Calls of one agent's gRPC service. Connects when it is needed. Safe for use by many threads. */
public final class AgentChannel implements AutoCloseable {

  private static final int MAX_MESSAGE = 1 << 20;
  private static final int CLOSE_SECONDS = 2;

  private final AgentAddress agent;
  private final ManagedChannel channel;

  /** A call; what it throws becomes an {@link AgentUnavailableException}. */
  @FunctionalInterface
  public interface Call<T> {
    T make(PoolBlockingStub stub);
  }

  /**
   * A channel.
   *
   * @param eventLoop stays the caller's to shut down
   * @throws IOException if TLS can't be set up
   */
  public AgentChannel(AgentAddress agent, PoolSecurity security, EventLoopGroup eventLoop)
      throws IOException {
    this.agent = agent;
    NettyChannelBuilder builder =
        NettyChannelBuilder.forAddress(agent.host(), agent.port())
            .eventLoopGroup(eventLoop)
            .channelType(NioSocketChannel.class, InetSocketAddress.class)
            .maxInboundMessageSize(MAX_MESSAGE);
    security.secure(builder);
    channel = builder.build();
  }

  /**
   * Makes a call.
   *
   * @throws AgentUnavailableException if it failed, with a message for people
   */
  public <T> T call(Duration patience, Call<T> call) throws AgentUnavailableException {
    try {
      return call.make(
          PoolGrpc.newBlockingStub(channel)
              .withDeadlineAfter(patience.toNanos(), TimeUnit.NANOSECONDS));
    } catch (StatusRuntimeException e) {
      throw new AgentUnavailableException(
          "agent at %s: %s".formatted(agent.endpoint(), reason(e.getStatus(), patience)), e);
    }
  }

  private static String reason(Status status, Duration patience) {
    Optional<String> said = Optional.ofNullable(status.getDescription());
    return switch (status.getCode()) {
      case UNAVAILABLE -> "can't be reached: " + root(status).or(() -> said).orElse("no reason");
      case DEADLINE_EXCEEDED -> "no answer within %.1f s".formatted(patience.toMillis() / 1000.0);
      default -> said.orElse(status.getCode().toString());
    };
  }

  /** What gRPC says itself is no more than "io exception". */
  private static Optional<String> root(Status status) {
    Optional<Throwable> cause = Optional.ofNullable(status.getCause());
    Optional<String> message = Optional.empty();
    while (cause.isPresent()) {
      Throwable now = cause.get();
      message = Optional.ofNullable(now.getMessage()).or(() -> Optional.of(now.toString()));
      cause = Optional.ofNullable(now.getCause());
    }
    return message;
  }

  /** Whether a call failed because the agent does not know the session, or the client, any more. */
  static boolean isSessionOver(AgentUnavailableException failure) {
    return Status.fromThrowable(failure).getCode() == Status.Code.UNAUTHENTICATED;
  }

  /** Whether a call failed because nobody is there. */
  static boolean isNobodyThere(AgentUnavailableException failure) {
    return Status.fromThrowable(failure).getCode() == Status.Code.UNAVAILABLE;
  }

  @Override
  public void close() {
    channel.shutdownNow();
    try {
      boolean unused = channel.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
