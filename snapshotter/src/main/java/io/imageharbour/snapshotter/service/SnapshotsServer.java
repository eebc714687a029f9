package io.imageharbour.snapshotter.service;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyServerBuilder;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.snapshotter.grpc.UnixChannels;
import io.imageharbour.snapshotter.proto.snapshots.ListSnapshotsRequest;
import io.imageharbour.snapshotter.proto.snapshots.SnapshotsGrpc;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The gRPC server on a unix socket that only its owner can use. The socket appears under its name
 * when it is ready to be called, with its final permissions.
 */
public final class SnapshotsServer implements AutoCloseable {

  /**
   * Calls that are worked on at a time. They wait for disks, not for processors; platform threads,
   * because an LMDB transaction belongs to one.
   */
  private static final int WORKERS = 16;

  /** Calls that wait for a worker; one more is answered by whoever brought it. */
  private static final int QUEUE = 1024;

  private static final int STOP_SECONDS = 5;
  private static final int WARM_UP_SECONDS = 30;

  private final Path socket;
  private final ExecutorService workers;
  private final Server server;

  private SnapshotsServer(Path socket, ExecutorService workers, Server server) {
    this.socket = socket;
    this.workers = workers;
    this.server = server;
  }

  /**
   * Starts to serve.
   *
   * @param eventLoop stays the caller's to shut down
   * @throws SocketInUseException if another process answers there
   */
  public static SnapshotsServer start(
      Path socket, SnapshotsService service, EventLoopGroup eventLoop) throws IOException {
    refuseIfServed(socket);
    Path directory = socket.toAbsolutePath().getParent();
    if (directory != null) {
      Files.createDirectories(directory);
    }
    Path fresh = socket.resolveSibling(socket.getFileName() + ".new");
    Files.deleteIfExists(fresh);
    ExecutorService workers =
        new ThreadPoolExecutor(
            WORKERS,
            WORKERS,
            30,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(QUEUE),
            Thread.ofPlatform().name("grpc-", 1).factory(),
            new ThreadPoolExecutor.CallerRunsPolicy());
    ((ThreadPoolExecutor) workers).allowCoreThreadTimeOut(true);
    try {
      Server server =
          NettyServerBuilder.forAddress(UnixDomainSocketAddress.of(fresh))
              .channelType(NioServerDomainSocketChannel.class)
              .bossEventLoopGroup(eventLoop)
              .workerEventLoopGroup(eventLoop)
              .executor(workers)
              .addService(service)
              .build()
              .start();
      warmUp(fresh, eventLoop);
      Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rw-------"));
      Files.move(fresh, socket, StandardCopyOption.ATOMIC_MOVE);
      return new SnapshotsServer(socket, workers, server);
    } catch (IOException e) {
      workers.shutdown();
      throw e;
    }
  }

  /** Takes no more calls, lets those that run finish, and removes the socket. */
  @Override
  public void close() {
    server.shutdown();
    try {
      Files.deleteIfExists(socket);
      if (!server.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
        server.shutdownNow();
      }
    } catch (IOException e) {
      // the next start takes the name over, as it does after a crash
      server.shutdownNow();
    } catch (InterruptedException e) {
      server.shutdownNow();
      Thread.currentThread().interrupt();
    }
    workers.shutdown();
  }

  /**
   * Makes a call before anybody else can, so that the first one of containerd finds all classes
   * loaded: it gives up on a connection that is slow to come up.
   */
  private static void warmUp(Path socket, EventLoopGroup eventLoop) throws IOException {
    ManagedChannel channel = UnixChannels.open(socket, eventLoop);
    try {
      SnapshotsGrpc.newBlockingStub(channel)
          .withDeadlineAfter(WARM_UP_SECONDS, TimeUnit.SECONDS)
          .list(ListSnapshotsRequest.newBuilder().addFilters("name==\"\"").build())
          .forEachRemaining(page -> {});
    } catch (StatusRuntimeException e) {
      throw new IOException("harbourd does not answer on its own socket " + socket, e);
    } finally {
      channel.shutdownNow();
    }
  }

  private static void refuseIfServed(Path socket) throws IOException {
    if (!Files.exists(socket, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      probe.connect(UnixDomainSocketAddress.of(socket));
      throw new SocketInUseException(socket);
    } catch (SocketInUseException e) {
      throw e;
    } catch (IOException e) {
      // nobody listens: a crashed predecessor left it, and the new one takes its name over
    }
  }

  /** Another process answers on the socket. */
  public static final class SocketInUseException extends HarbourException {

    private static final long serialVersionUID = 1;

    SocketInUseException(Path socket) {
      super(
          "cannot listen on "
              + socket
              + ": another process answers there; stop it, or choose another --address");
    }
  }
}
