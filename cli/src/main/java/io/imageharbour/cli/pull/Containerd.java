package io.imageharbour.cli.pull;

import io.grpc.Channel;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.stub.MetadataUtils;
import io.imageharbour.snapshotter.grpc.UnixConnection;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A connection to containerd for one of its namespaces. Safe for use by several threads; calls that
 * are under way end with {@link InterruptedException} when their thread is interrupted.
 */
public final class Containerd implements AutoCloseable {

  /** What containerd does at once, on a disk that is busy. */
  static final Duration SHORT = Duration.ofSeconds(60);

  private final Path socket;
  private final String namespace;
  private final UnixConnection connection;
  private final Channel channel;

  /** A connection that is made when it is first used. */
  public Containerd(Path socket, String namespace) {
    this.socket = socket;
    this.namespace = namespace;
    this.connection = new UnixConnection(socket, "containerd-io");
    this.channel = withHeader(connection.channel(), "containerd-namespace", namespace);
  }

  Path socket() {
    return socket;
  }

  String namespace() {
    return namespace;
  }

  /** The way to its services. */
  Channel channel() {
    return channel;
  }

  /** The way to its services for calls whose outcome is to be held by a lease. */
  Channel channel(String lease) {
    return withHeader(channel, "containerd-lease", lease);
  }

  /**
   * What a call that failed is reported as.
   *
   * @param what was tried, as it reads after "can't"
   * @throws InterruptedException if it failed because this thread was interrupted
   */
  ContainerdException failure(String what, StatusException failure) throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException("while containerd was to " + what);
    }
    return failureOfCleanup(what, failure);
  }

  /** The same for a thread that cleans up, whether or not it was interrupted. */
  ContainerdException failureOfCleanup(String what, StatusException failure) {
    Status status = failure.getStatus();
    if (status.getCode() == Status.Code.UNAVAILABLE && status.getCause() != null) {
      return new ContainerdException(
          "can't reach containerd at "
              + socket
              + ": "
              + rootCause(status.getCause())
              + "; is it running, and are you root? --address names another socket",
          failure);
    }
    return new ContainerdException(
        "containerd at " + socket + " can't " + what + ": " + reason(status), failure);
  }

  @Override
  public void close() {
    connection.close();
  }

  private static String reason(Status status) {
    if (status.getCode() == Status.Code.DEADLINE_EXCEEDED) {
      return "no answer in time";
    }
    String description = status.getDescription();
    return description != null ? description : status.getCode().toString();
  }

  private static String rootCause(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return String.valueOf(cause.getMessage());
  }

  private static Channel withHeader(Channel channel, String name, String value) {
    Metadata headers = new Metadata();
    headers.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value);
    ClientInterceptor attached = MetadataUtils.newAttachHeadersInterceptor(headers);
    return ClientInterceptors.intercept(channel, attached);
  }
}
