package io.imageharbour.cli;

import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.imageharbour.indexer.Digest;
import io.imageharbour.snapshotter.proto.content.ContentGrpc;
import io.imageharbour.snapshotter.proto.content.Info;
import io.imageharbour.snapshotter.proto.content.InfoRequest;
import io.imageharbour.snapshotter.proto.content.InfoResponse;
import io.imageharbour.snapshotter.proto.content.ReadContentRequest;
import io.imageharbour.snapshotter.proto.content.ReadContentResponse;
import io.imageharbour.snapshotter.proto.content.StatusRequest;
import io.imageharbour.snapshotter.proto.content.StatusResponse;
import io.imageharbour.snapshotter.proto.content.UpdateRequest;
import io.imageharbour.snapshotter.proto.content.UpdateResponse;
import io.imageharbour.snapshotter.proto.content.WriteAction;
import io.imageharbour.snapshotter.proto.content.WriteContentRequest;
import io.imageharbour.snapshotter.proto.content.WriteContentResponse;
import io.imageharbour.snapshotter.proto.diff.ApplyRequest;
import io.imageharbour.snapshotter.proto.diff.ApplyResponse;
import io.imageharbour.snapshotter.proto.diff.DiffGrpc;
import io.imageharbour.snapshotter.proto.images.CreateImageRequest;
import io.imageharbour.snapshotter.proto.images.CreateImageResponse;
import io.imageharbour.snapshotter.proto.images.Image;
import io.imageharbour.snapshotter.proto.images.ImagesGrpc;
import io.imageharbour.snapshotter.proto.images.UpdateImageRequest;
import io.imageharbour.snapshotter.proto.images.UpdateImageResponse;
import io.imageharbour.snapshotter.proto.leases.AddResourceRequest;
import io.imageharbour.snapshotter.proto.leases.CreateRequest;
import io.imageharbour.snapshotter.proto.leases.CreateResponse;
import io.imageharbour.snapshotter.proto.leases.DeleteRequest;
import io.imageharbour.snapshotter.proto.leases.Lease;
import io.imageharbour.snapshotter.proto.leases.LeasesGrpc;
import io.imageharbour.snapshotter.proto.snapshots.CommitSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.PrepareSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.PrepareSnapshotResponse;
import io.imageharbour.snapshotter.proto.snapshots.RemoveSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.SnapshotsGrpc;
import io.imageharbour.snapshotter.proto.snapshots.StatSnapshotRequest;
import io.imageharbour.snapshotter.proto.snapshots.StatSnapshotResponse;
import io.imageharbour.snapshotter.proto.types.Descriptor;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/**
 * What a containerd says that a real one says seldom: a remote snapshotter's answer, a layer that
 * unpacks to something else, a write that somebody else has begun. Everything is in memory, and one
 * call is answered after the other.
 */
final class FakeContainerd implements AutoCloseable {

  private final EventLoopGroup eventLoop =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Server server;

  private final Map<String, ByteString> blobs = new TreeMap<>();
  private final Map<String, Map<String, String>> blobLabels = new TreeMap<>();
  private final Map<String, ByteString> begun = new HashMap<>();
  private final Set<String> written = new TreeSet<>();
  private final Set<String> snapshots = new TreeSet<>();
  private final Map<String, Map<String, String>> prepared = new TreeMap<>();
  private final Map<String, String> images = new TreeMap<>();
  private final Set<String> leases = new TreeSet<>();
  private boolean remote;
  private boolean snapshotterLoaded = true;
  private int locked;
  private String unpacksTo = "";

  FakeContainerd(Path socket) throws IOException {
    server =
        NettyServerBuilder.forAddress(UnixDomainSocketAddress.of(socket))
            .channelType(NioServerDomainSocketChannel.class)
            .bossEventLoopGroup(eventLoop)
            .workerEventLoopGroup(eventLoop)
            .addService(new Leases())
            .addService(new Content())
            .addService(new Snapshots())
            .addService(new Images())
            .addService(new Diff())
            .build()
            .start();
  }

  /** Its snapshotter has every layer that it is told the image of. */
  synchronized FakeContainerd remote() {
    remote = true;
    return this;
  }

  /** It has no snapshotter. */
  synchronized FakeContainerd withoutSnapshotter() {
    snapshotterLoaded = false;
    return this;
  }

  /** Another client writes every blob, and is done when it was asked so often how far it is. */
  synchronized FakeContainerd locked(int times) {
    locked = times;
    return this;
  }

  /** Every layer unpacks to this. */
  synchronized FakeContainerd unpackingTo(String digest) {
    unpacksTo = digest;
    return this;
  }

  /** A client that was killed has left this of a write. */
  synchronized FakeContainerd begun(String ref, byte[] bytes) {
    begun.put(ref, ByteString.copyFrom(bytes));
    return this;
  }

  /** The writes that got bytes from this client. */
  synchronized Set<String> written() {
    return new TreeSet<>(written);
  }

  /** The labels of each blob. */
  synchronized Map<String, Map<String, String>> blobs() {
    return new TreeMap<>(blobLabels);
  }

  synchronized Set<String> snapshots() {
    return new TreeSet<>(snapshots);
  }

  /** The labels that snapshots were prepared with, by the name that they would have. */
  synchronized Map<String, Map<String, String>> prepared() {
    return new TreeMap<>(prepared);
  }

  /** What the names of images stand for. */
  synchronized Map<String, String> images() {
    return new TreeMap<>(images);
  }

  synchronized Set<String> leases() {
    return new TreeSet<>(leases);
  }

  @Override
  public void close() throws InterruptedException {
    server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    eventLoop.shutdownGracefully(0, 5, TimeUnit.SECONDS).await();
  }

  private static <T> void answer(StreamObserver<T> response, T value) {
    response.onNext(value);
    response.onCompleted();
  }

  private static void fail(StreamObserver<?> response, Status status, String description) {
    response.onError(status.withDescription(description).asRuntimeException());
  }

  private final class Leases extends LeasesGrpc.LeasesImplBase {
    @Override
    public void create(CreateRequest request, StreamObserver<CreateResponse> response) {
      synchronized (FakeContainerd.this) {
        leases.add(request.getId());
      }
      Lease lease = Lease.newBuilder().setId(request.getId()).build();
      answer(response, CreateResponse.newBuilder().setLease(lease).build());
    }

    @Override
    public void delete(DeleteRequest request, StreamObserver<Empty> response) {
      synchronized (FakeContainerd.this) {
        leases.remove(request.getId());
      }
      answer(response, Empty.getDefaultInstance());
    }

    @Override
    public void addResource(AddResourceRequest request, StreamObserver<Empty> response) {
      answer(response, Empty.getDefaultInstance());
    }
  }

  private final class Content extends ContentGrpc.ContentImplBase {
    @Override
    public void info(InfoRequest request, StreamObserver<InfoResponse> response) {
      synchronized (FakeContainerd.this) {
        Map<String, String> labels = blobLabels.get(request.getDigest());
        if (labels == null) {
          fail(response, Status.NOT_FOUND, "not found");
        } else {
          Info info = Info.newBuilder().setDigest(request.getDigest()).putAllLabels(labels).build();
          answer(response, InfoResponse.newBuilder().setInfo(info).build());
        }
      }
    }

    @Override
    public void update(UpdateRequest request, StreamObserver<UpdateResponse> response) {
      synchronized (FakeContainerd.this) {
        Map<String, String> labels =
            blobLabels.getOrDefault(request.getInfo().getDigest(), new TreeMap<>());
        for (String path : request.getUpdateMask().getPathsList()) {
          String label = path.replaceFirst("labels\\.", "");
          labels.put(label, request.getInfo().getLabelsOrThrow(label));
        }
      }
      answer(response, UpdateResponse.getDefaultInstance());
    }

    @Override
    public void read(ReadContentRequest request, StreamObserver<ReadContentResponse> response) {
      synchronized (FakeContainerd.this) {
        ByteString blob = blobs.get(request.getDigest());
        if (blob == null) {
          fail(response, Status.NOT_FOUND, "not found");
        } else {
          answer(response, ReadContentResponse.newBuilder().setData(blob).build());
        }
      }
    }

    @Override
    public void status(StatusRequest request, StreamObserver<StatusResponse> response) {
      synchronized (FakeContainerd.this) {
        if (locked == 0) {
          fail(response, Status.NOT_FOUND, "not found");
        } else {
          locked--;
          answer(response, StatusResponse.getDefaultInstance());
        }
      }
    }

    @Override
    public StreamObserver<WriteContentRequest> write(
        StreamObserver<WriteContentResponse> response) {
      return new StreamObserver<>() {
        @Override
        public void onNext(WriteContentRequest request) {
          write(request, response);
        }

        @Override
        public void onError(Throwable cancelled) {
          // what was written stays
        }

        @Override
        public void onCompleted() {
          response.onCompleted();
        }
      };
    }

    private void write(WriteContentRequest request, StreamObserver<WriteContentResponse> response) {
      synchronized (FakeContainerd.this) {
        if (blobs.containsKey(request.getExpected())) {
          fail(response, Status.ALREADY_EXISTS, "already exists");
          return;
        }
        if (locked > 0) {
          fail(response, Status.UNAVAILABLE, "ref " + request.getRef() + " locked: unavailable");
          return;
        }
        ByteString bytes = begun.getOrDefault(request.getRef(), ByteString.EMPTY);
        if (request.getAction() != WriteAction.STAT) {
          bytes = bytes.substring(0, (int) request.getOffset()).concat(request.getData());
          begun.put(request.getRef(), bytes);
        }
        if (!request.getData().isEmpty()) {
          written.add(request.getRef());
        }
        if (request.getAction() == WriteAction.COMMIT) {
          if (!Digest.sha256(bytes.toByteArray()).toString().equals(request.getExpected())) {
            fail(response, Status.FAILED_PRECONDITION, "unexpected commit digest");
            return;
          }
          blobs.put(request.getExpected(), bytes);
          blobLabels.put(request.getExpected(), new TreeMap<>(request.getLabelsMap()));
        }
        response.onNext(WriteContentResponse.newBuilder().setOffset(bytes.size()).build());
      }
    }
  }

  private final class Snapshots extends SnapshotsGrpc.SnapshotsImplBase {
    @Override
    public void stat(StatSnapshotRequest request, StreamObserver<StatSnapshotResponse> response) {
      synchronized (FakeContainerd.this) {
        if (!snapshotterLoaded) {
          String loaded = "snapshotter not loaded: " + request.getSnapshotter();
          fail(response, Status.INVALID_ARGUMENT, loaded + ": invalid argument");
        } else if (snapshots.contains(request.getKey())) {
          answer(response, StatSnapshotResponse.getDefaultInstance());
        } else {
          fail(response, Status.NOT_FOUND, "not found");
        }
      }
    }

    @Override
    public void prepare(
        PrepareSnapshotRequest request, StreamObserver<PrepareSnapshotResponse> response) {
      synchronized (FakeContainerd.this) {
        String target = request.getLabelsOrThrow("containerd.io/snapshot.ref");
        prepared.put(target, request.getLabelsMap());
        snapshots.add(remote ? target : request.getKey());
        if (remote) {
          fail(response, Status.ALREADY_EXISTS, "target snapshot: already exists");
        } else {
          answer(response, PrepareSnapshotResponse.getDefaultInstance());
        }
      }
    }

    @Override
    public void commit(CommitSnapshotRequest request, StreamObserver<Empty> response) {
      synchronized (FakeContainerd.this) {
        snapshots.remove(request.getKey());
        snapshots.add(request.getName());
      }
      answer(response, Empty.getDefaultInstance());
    }

    @Override
    public void remove(RemoveSnapshotRequest request, StreamObserver<Empty> response) {
      synchronized (FakeContainerd.this) {
        snapshots.remove(request.getKey());
      }
      answer(response, Empty.getDefaultInstance());
    }
  }

  private final class Images extends ImagesGrpc.ImagesImplBase {
    @Override
    public void create(CreateImageRequest request, StreamObserver<CreateImageResponse> response) {
      Image image = request.getImage();
      synchronized (FakeContainerd.this) {
        if (images.putIfAbsent(image.getName(), image.getTarget().getDigest()) != null) {
          fail(response, Status.ALREADY_EXISTS, "already exists");
          return;
        }
      }
      answer(response, CreateImageResponse.getDefaultInstance());
    }

    @Override
    public void update(UpdateImageRequest request, StreamObserver<UpdateImageResponse> response) {
      Image image = request.getImage();
      synchronized (FakeContainerd.this) {
        images.put(image.getName(), image.getTarget().getDigest());
      }
      answer(response, UpdateImageResponse.getDefaultInstance());
    }
  }

  private final class Diff extends DiffGrpc.DiffImplBase {
    @Override
    public void apply(ApplyRequest request, StreamObserver<ApplyResponse> response) {
      synchronized (FakeContainerd.this) {
        Descriptor applied = Descriptor.newBuilder().setDigest(unpacksTo).build();
        answer(response, ApplyResponse.newBuilder().setApplied(applied).build());
      }
    }
  }
}
