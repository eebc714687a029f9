package io.imageharbour.snapshotter.source;

import io.grpc.ClientInterceptor;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.InvalidReferenceException;
import io.imageharbour.indexer.registry.RepositoryName;
import io.imageharbour.snapshotter.grpc.UnixChannels;
import io.imageharbour.snapshotter.proto.content.ContentGrpc;
import io.imageharbour.snapshotter.proto.content.ListContentRequest;
import io.imageharbour.snapshotter.proto.images.Image;
import io.imageharbour.snapshotter.proto.images.ImagesGrpc;
import io.imageharbour.snapshotter.proto.images.ListImagesRequest;
import io.netty.channel.EventLoopGroup;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks containerd, over its own socket, which repositories it pulled a layer from. containerd
 * labels every blob with them ({@code containerd.io/distribution.source.HOST}), and every unpacked
 * layer with its diff ID. What it says is remembered; that it knows nothing only for a moment. Safe
 * for use by several threads.
 *
 * <p>Every question has a connection of its own: there are few, and so it does not matter that
 * containerd was restarted in between.
 */
public final class ContainerdContent implements LayerSources {

  private static final Logger LOG = LoggerFactory.getLogger(ContainerdContent.class);

  private static final Metadata.Key<String> NAMESPACE =
      Metadata.Key.of("containerd-namespace", Metadata.ASCII_STRING_MARSHALLER);
  private static final String SOURCE_LABEL = "containerd.io/distribution.source.";

  private static final long TIMEOUT_SECONDS = 3;
  private static final long KNOWN_NANOS = Duration.ofMinutes(10).toNanos();
  private static final long UNKNOWN_NANOS = Duration.ofSeconds(2).toNanos();

  private final Path socket;
  private final EventLoopGroup eventLoop;
  private final LongSupplier nanoTime;
  private final ConcurrentMap<LayerOrigin, Answer> answers = new ConcurrentHashMap<>();

  /**
   * Asks on this socket.
   *
   * @param eventLoop stays the caller's to shut down
   */
  public ContainerdContent(Path socket, EventLoopGroup eventLoop) {
    this(socket, eventLoop, System::nanoTime);
  }

  ContainerdContent(Path socket, EventLoopGroup eventLoop, LongSupplier nanoTime) {
    this.socket = socket;
    this.eventLoop = eventLoop;
    this.nanoTime = nanoTime;
  }

  @Override
  public List<RepositoryName> of(LayerOrigin layer) {
    return answers.compute(
            layer,
            (key, old) -> old != null && nanoTime.getAsLong() - old.goodUntil < 0 ? old : ask(key))
        .repositories;
  }

  private Answer ask(LayerOrigin layer) {
    List<RepositoryName> repositories = List.of();
    ManagedChannel channel = UnixChannels.open(socket, eventLoop);
    try {
      repositories = list(channel, layer);
    } catch (StatusRuntimeException e) {
      LOG.warn(
          "event=containerd-not-asked namespace={} layer={} status={} cause=\"{}\"",
          layer.namespace(),
          layer.diffId(),
          e.getStatus().getCode(),
          e.getStatus().getDescription());
    } finally {
      channel.shutdownNow();
    }
    long remembered = repositories.isEmpty() ? UNKNOWN_NANOS : KNOWN_NANOS;
    return new Answer(repositories, nanoTime.getAsLong() + remembered);
  }

  private static List<RepositoryName> list(ManagedChannel channel, LayerOrigin layer) {
    Metadata headers = new Metadata();
    headers.put(NAMESPACE, layer.namespace());
    ClientInterceptor inNamespace = MetadataUtils.newAttachHeadersInterceptor(headers);
    Deadline deadline = Deadline.after(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    SequencedSet<RepositoryName> sources = new LinkedHashSet<>();
    ContentGrpc.newBlockingStub(channel)
        .withInterceptors(inNamespace)
        .withDeadline(deadline)
        .list(
            ListContentRequest.newBuilder()
                .addFilters("labels.\"containerd.io/uncompressed\"==" + layer.diffId())
                .build())
        .forEachRemaining(
            page -> page.getInfoList().forEach(blob -> addSources(blob.getLabelsMap(), sources)));
    if (sources.isEmpty()) {
      return List.of();
    }
    List<String> images =
        ImagesGrpc.newBlockingStub(channel)
            .withInterceptors(inNamespace)
            .withDeadline(deadline)
            .list(ListImagesRequest.getDefaultInstance())
            .getImagesList()
            .stream()
            .map(Image::getName)
            .toList();
    return withPorts(sources, images);
  }

  /**
   * The label of a layer has the registry's host name without the port. The names of images have
   * it: where an image has the same host name and path, its port is taken.
   */
  static List<RepositoryName> withPorts(SequencedSet<RepositoryName> sources, List<String> images) {
    SequencedSet<RepositoryName> repositories = new LinkedHashSet<>();
    for (RepositoryName source : sources) {
      List<RepositoryName> same =
          images.stream()
              .flatMap(image -> repository(image).stream())
              .filter(image -> image.path().equals(source.path()) && isPortOf(image, source))
              .toList();
      if (same.isEmpty()) {
        repositories.add(source);
      } else {
        repositories.addAll(same);
      }
    }
    return new ArrayList<>(repositories);
  }

  private static boolean isPortOf(RepositoryName image, RepositoryName source) {
    String registry = image.registry();
    return registry.equals(source.registry())
        || (registry.startsWith(source.registry() + ":")
            && registry.indexOf(':', source.registry().length() + 1) < 0);
  }

  /**
   * The repository of an image; nothing for names that are no references, as the CRI plugin has.
   */
  private static Optional<RepositoryName> repository(String image) {
    try {
      return Optional.of(ImageReference.parse(image).repository());
    } catch (InvalidReferenceException e) {
      LOG.debug("event=image-name-ignored name=\"{}\"", image);
      return Optional.empty();
    }
  }

  private static void addSources(
      Map<String, String> labels, SequencedSet<RepositoryName> repositories) {
    labels.forEach(
        (label, paths) -> {
          if (label.startsWith(SOURCE_LABEL)) {
            String host = label.substring(SOURCE_LABEL.length());
            for (String path : paths.split(",")) {
              try {
                repositories.add(new RepositoryName(host, path));
              } catch (IllegalArgumentException e) {
                LOG.warn(
                    "event=source-label-ignored label=\"{}\" cause=\"{}\"", label, e.getMessage());
              }
            }
          }
        });
  }

  private record Answer(List<RepositoryName> repositories, long goodUntil) {}
}
