package io.imageharbour.snapshotter.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.RepositoryName;
import io.imageharbour.snapshotter.proto.content.ContentGrpc;
import io.imageharbour.snapshotter.proto.content.Info;
import io.imageharbour.snapshotter.proto.content.ListContentRequest;
import io.imageharbour.snapshotter.proto.content.ListContentResponse;
import io.imageharbour.snapshotter.proto.images.Image;
import io.imageharbour.snapshotter.proto.images.ImagesGrpc;
import io.imageharbour.snapshotter.proto.images.ListImagesRequest;
import io.imageharbour.snapshotter.proto.images.ListImagesResponse;
import io.imageharbour.snapshotter.proto.types.Descriptor;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Against a content service of our own; the real containerd is asked in the tests of the daemon.
 */
class ContainerdContentTest {

  private static final Digest LAYER = Digest.sha256(new byte[] {1});
  private static final LayerOrigin ORIGIN = new LayerOrigin("k8s.io", LAYER);
  private static final Context.Key<String> NAMESPACE = Context.key("namespace");

  @TempDir private Path directory;
  private final EventLoopGroup eventLoop =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final AtomicLong now = new AtomicLong();
  private final List<String> questions = new CopyOnWriteArrayList<>();
  private volatile Map<String, String> labels = Map.of();
  private volatile List<Info> others = List.of();

  /** One whose name is a reference, and one as the CRI plugin makes them besides. */
  private volatile List<Image> names =
      List.of(
          name("127.0.0.1:5000/team/a:v1", ""), name(LAYER.toString(), ""), name("NO NAME", ""));

  private Path socket;
  private ContainerdContent containerd;

  @BeforeEach
  void open() {
    socket = directory.resolve("c.sock");
    containerd = new ContainerdContent(socket, eventLoop, now::get);
  }

  @AfterEach
  void close() throws InterruptedException {
    eventLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
  }

  @Test
  void theLabelsOfTheLayerTellItsRepositoriesAndTheNamesOfImagesTheirPorts() throws Exception {
    labels =
        Map.of(
            "containerd.io/uncompressed", LAYER.toString(),
            "containerd.io/distribution.source.127.0.0.1", "team/a,team/b",
            "containerd.io/distribution.source.docker.io", "library/python",
            "containerd.io/distribution.source.bad host", "x");
    Server server = serve();
    assertThat(containerd.of(ORIGIN))
        .containsExactlyInAnyOrder(
            new RepositoryName("127.0.0.1:5000", "team/a"),
            new RepositoryName("127.0.0.1", "team/b"),
            new RepositoryName("docker.io", "library/python"));
    containerd.of(ORIGIN);
    assertThat(questions).containsExactly("k8s.io labels.\"containerd.io/uncompressed\"==" + LAYER);
    server.shutdownNow().awaitTermination();
  }

  @Test
  void thatNothingIsKnownIsRememberedForAMomentOnly() throws Exception {
    Server server = serve();
    assertThat(containerd.of(ORIGIN)).isEmpty();
    labels = Map.of("containerd.io/distribution.source.r.test", "x");
    assertThat(containerd.of(ORIGIN)).isEmpty();
    now.addAndGet(TimeUnit.SECONDS.toNanos(3));
    assertThat(containerd.of(ORIGIN)).containsExactly(new RepositoryName("r.test", "x"));
    server.shutdownNow().awaitTermination();
  }

  @Test
  void aContainerdThatIsNotThereOrFailsIsNoFailure() throws Exception {
    assertThat(containerd.of(ORIGIN)).isEmpty();
    Server server = serve();
    now.addAndGet(TimeUnit.SECONDS.toNanos(3));
    assertThat(containerd.of(new LayerOrigin("broken", LAYER))).isEmpty();
    assertThat(questions).hasSize(1);
    server.shutdownNow().awaitTermination();
  }

  @Test
  void theNameOfAnImageIsFoundByWhatItsManifestRefersTo() throws Exception {
    others =
        List.of(
            blob("other", Map.of("containerd.io/gc.ref.content.l.0", "another-layer")),
            blob(
                "manifest",
                Map.of(
                    "containerd.io/gc.ref.content.config", "config",
                    "containerd.io/gc.ref.content.l.3", "layer")),
            blob("platforms", Map.of("containerd.io/gc.ref.content.m.1", "manifest")));
    Server server = serve();
    names = List.of(name("r.test/other:1", "other"), name("r.test/wanted:1", "manifest"));
    assertThat(containerd.imageName(ORIGIN)).isEmpty();
    labels = Map.of("containerd.io/uncompressed", LAYER.toString());
    assertThat(containerd.imageName(ORIGIN)).hasValue("r.test/wanted:1");
    names =
        List.of(
            name(LAYER.toString(), "platforms"),
            name("NO NAME", "platforms"),
            name("r.test/other:1", "other"),
            name("r.test/wanted:2", "platforms"));
    assertThat(containerd.imageName(ORIGIN)).hasValue("r.test/wanted:2");
    assertThat(containerd.imageName(new LayerOrigin("broken", LAYER))).isEmpty();
    server.shutdownNow().awaitTermination();
    assertThat(containerd.imageName(ORIGIN)).isEmpty();
  }

  @Test
  void anImageIsKnownByItsManifestForThisPlatform() throws Exception {
    Digest manifest = Digest.sha256(new byte[] {2});
    labels = Map.of("containerd.io/uncompressed", LAYER.toString());
    others =
        List.of(
            blob(manifest.toString(), Map.of("containerd.io/gc.ref.content.l.0", "layer")),
            blob(
                "platforms",
                Map.of(
                    "containerd.io/gc.ref.content.m.0",
                    "of-another-platform",
                    "containerd.io/gc.ref.content.m.1",
                    manifest.toString())));
    Server server = serve();
    names = List.of(name("r.test/other:1", "other"), name("r.test/list:1", "platforms"));
    assertThat(containerd.image(ORIGIN)).contains(new PulledImage("r.test/list:1", manifest));
    names = List.of(name("NO NAME", "platforms"), name("r.test/one:1", manifest.toString()));
    assertThat(containerd.image(ORIGIN)).contains(new PulledImage("r.test/one:1", manifest));
    names = List.of(name("r.test/other:1", "other"));
    assertThat(containerd.image(ORIGIN)).isEmpty();
    names = List.of(name("r.test/list:1", "platforms"));
    others =
        List.of(
            blob("no digest", Map.of("containerd.io/gc.ref.content.l.0", "layer")),
            blob("platforms", Map.of("containerd.io/gc.ref.content.m.1", "no digest")));
    assertThat(containerd.image(ORIGIN)).isEmpty();
    assertThat(containerd.image(new LayerOrigin("broken", LAYER))).isEmpty();
    server.shutdownNow().awaitTermination();
    assertThat(containerd.image(ORIGIN)).isEmpty();
  }

  private static Info blob(String digest, Map<String, String> labels) {
    return Info.newBuilder().setDigest(digest).putAllLabels(labels).build();
  }

  private static Image name(String name, String target) {
    return Image.newBuilder()
        .setName(name)
        .setTarget(Descriptor.newBuilder().setDigest(target))
        .build();
  }

  private Server serve() throws IOException {
    return NettyServerBuilder.forAddress(UnixDomainSocketAddress.of(socket))
        .channelType(NioServerDomainSocketChannel.class)
        .bossEventLoopGroup(eventLoop)
        .workerEventLoopGroup(eventLoop)
        .directExecutor()
        .intercept(new Namespaces())
        .addService(new Blobs())
        .addService(new Names())
        .build()
        .start();
  }

  private static final class Namespaces implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      Metadata.Key<String> key =
          Metadata.Key.of("containerd-namespace", Metadata.ASCII_STRING_MARSHALLER);
      return Contexts.interceptCall(
          Context.current().withValue(NAMESPACE, String.valueOf(headers.get(key))),
          call,
          headers,
          next);
    }
  }

  private final class Names extends ImagesGrpc.ImagesImplBase {
    @Override
    public void list(ListImagesRequest request, StreamObserver<ListImagesResponse> response) {
      response.onNext(ListImagesResponse.newBuilder().addAllImages(names).build());
      response.onCompleted();
    }
  }

  private final class Blobs extends ContentGrpc.ContentImplBase {
    @Override
    public void list(ListContentRequest request, StreamObserver<ListContentResponse> response) {
      questions.add(NAMESPACE.get() + " " + String.join(" ", request.getFiltersList()));
      if ("broken".equals(NAMESPACE.get())) {
        response.onError(Status.UNAVAILABLE.asException());
        return;
      }
      response.onNext(
          ListContentResponse.newBuilder()
              .addInfo(blob("layer", labels))
              .addAllInfo(others)
              .build());
      response.onCompleted();
    }
  }
}
