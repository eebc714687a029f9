package io.imageharbour.snapshotter.source;

import io.grpc.ClientInterceptor;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.InvalidReferenceException;
import io.imageharbour.indexer.registry.RepositoryName;
import io.imageharbour.snapshotter.grpc.UnixChannels;
import io.imageharbour.snapshotter.proto.content.ContentGrpc;
import io.imageharbour.snapshotter.proto.content.Info;
import io.imageharbour.snapshotter.proto.content.ListContentRequest;
import io.imageharbour.snapshotter.proto.images.Image;
import io.imageharbour.snapshotter.proto.images.ImagesGrpc;
import io.imageharbour.snapshotter.proto.images.ListImagesRequest;
import io.netty.channel.EventLoopGroup;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks containerd, over its own socket, which repositories it pulled a layer from, and for what
 * image. containerd labels every blob with its repositories ({@code
 * containerd.io/distribution.source.HOST}), every unpacked layer with its diff ID, and every
 * manifest with the blobs that it refers to ({@code containerd.io/gc.ref.content.…}). What it says
 * of repositories is remembered; that it knows none only for a moment. Safe for use by several
 * threads.
 *
 * <p>Every question has a connection of its own: there are few, and so it does not matter that
 * containerd was restarted in between.
 */
public final class ContainerdContent implements LayerSources {

  private static final Logger LOG = LoggerFactory.getLogger(ContainerdContent.class);

  private static final Metadata.Key<String> NAMESPACE =
      Metadata.Key.of("containerd-namespace", Metadata.ASCII_STRING_MARSHALLER);
  private static final String SOURCE_LABEL = "containerd.io/distribution.source.";
  private static final String DIFF_ID_LABEL = "containerd.io/uncompressed";
  private static final String REFERENCE_LABEL = "containerd.io/gc.ref.content.";

  /** What refers to a layer: a manifest, and to that a list of those of several platforms. */
  private static final int LEVELS = 2;

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

  @Override
  public Optional<String> imageName(LayerOrigin layer) {
    return ask(layer, containerd -> imageName(containerd, layer), Optional.empty());
  }

  @Override
  public Optional<PulledImage> image(LayerOrigin layer) {
    return ask(layer, containerd -> image(containerd, layer), Optional.empty());
  }

  private Answer ask(LayerOrigin layer) {
    List<RepositoryName> repositories =
        ask(layer, containerd -> repositories(containerd, layer), List.of());
    long remembered = repositories.isEmpty() ? UNKNOWN_NANOS : KNOWN_NANOS;
    return new Answer(repositories, nanoTime.getAsLong() + remembered);
  }

  private <T> T ask(LayerOrigin layer, Function<Containerd, T> question, T unknown) {
    ManagedChannel channel = UnixChannels.open(socket, eventLoop);
    try {
      return question.apply(Containerd.on(channel, layer.namespace()));
    } catch (StatusRuntimeException e) {
      LOG.warn(
          "event=containerd-not-asked namespace={} layer={} status={} cause=\"{}\"",
          layer.namespace(),
          layer.diffId(),
          e.getStatus().getCode(),
          e.getStatus().getDescription());
      return unknown;
    } finally {
      channel.shutdownNow();
    }
  }

  private static List<RepositoryName> repositories(Containerd containerd, LayerOrigin layer) {
    SequencedSet<RepositoryName> sources = new LinkedHashSet<>();
    containerd
        .blobs("labels.\"" + DIFF_ID_LABEL + "\"==" + layer.diffId())
        .forEach(blob -> addSources(blob.getLabelsMap(), sources));
    return sources.isEmpty()
        ? List.of()
        : withPorts(sources, containerd.images().stream().map(Image::getName).toList());
  }

  /**
   * What refers to a layer, directly or not. Which number a layer has in its manifest is part of
   * the name of a label, and no filter takes a part of a name: so this goes through all blobs.
   *
   * @return digests: the blobs of the layer, the manifests that refer to these, the lists of these
   */
  private static List<Set<String>> referring(Containerd containerd, LayerOrigin layer) {
    String diffId = layer.diffId().toString();
    List<Info> blobs = containerd.blobs();
    List<Set<String>> levels = new ArrayList<>();
    levels.add(digests(blobs, blob -> diffId.equals(blob.getLabelsMap().get(DIFF_ID_LABEL))));
    for (int level = 0; level < LEVELS; level++) {
      Set<String> below = levels.getLast();
      levels.add(digests(blobs, blob -> refersToAny(below, blob.getLabelsMap())));
    }
    return levels;
  }

  private static Set<String> digests(List<Info> blobs, Predicate<Info> which) {
    return blobs.stream().filter(which).map(Info::getDigest).collect(Collectors.toSet());
  }

  private static Optional<String> imageName(Containerd containerd, LayerOrigin layer) {
    Set<String> found = new HashSet<>();
    referring(containerd, layer).forEach(found::addAll);
    return names(containerd, found).map(Image::getName).findFirst();
  }

  private static Optional<PulledImage> image(Containerd containerd, LayerOrigin layer) {
    List<Set<String>> levels = referring(containerd, layer);
    Set<String> manifests = levels.get(1);
    Set<String> targets = new HashSet<>(manifests);
    targets.addAll(levels.get(2));
    return names(containerd, targets)
        .flatMap(
            image -> {
              String target = image.getTarget().getDigest();
              // of a list it is any manifest with this layer: they differ in nothing that is read
              return (manifests.contains(target) ? Stream.of(target) : manifests.stream().sorted())
                  .flatMap(manifest -> pulled(image.getName(), manifest).stream());
            })
        .findFirst();
  }

  private static Optional<PulledImage> pulled(String name, String manifest) {
    try {
      return Optional.of(new PulledImage(name, Digest.parse(manifest)));
    } catch (IllegalArgumentException e) {
      LOG.debug("event=manifest-ignored image=\"{}\" cause=\"{}\"", name, e.getMessage());
      return Optional.empty();
    }
  }

  /** The images, with references for names, whose manifest or list is among some. */
  private static Stream<Image> names(Containerd containerd, Set<String> targets) {
    return containerd.images().stream()
        .filter(image -> targets.contains(image.getTarget().getDigest()))
        // the CRI plugin calls every image by its digest as well
        .filter(
            image ->
                !image.getName().startsWith("sha256:") && repository(image.getName()).isPresent());
  }

  private static boolean refersToAny(Set<String> digests, Map<String, String> labels) {
    return labels.entrySet().stream()
        .anyMatch(
            label ->
                label.getKey().startsWith(REFERENCE_LABEL) && digests.contains(label.getValue()));
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

  /** A connection to containerd for one question, which has to be answered in time. */
  private record Containerd(
      ContentGrpc.ContentBlockingStub contents, ImagesGrpc.ImagesBlockingStub names) {

    static Containerd on(ManagedChannel channel, String namespace) {
      Metadata headers = new Metadata();
      headers.put(NAMESPACE, namespace);
      ClientInterceptor inNamespace = MetadataUtils.newAttachHeadersInterceptor(headers);
      Deadline deadline = Deadline.after(TIMEOUT_SECONDS, TimeUnit.SECONDS);
      return new Containerd(
          ContentGrpc.newBlockingStub(channel).withInterceptors(inNamespace).withDeadline(deadline),
          ImagesGrpc.newBlockingStub(channel).withInterceptors(inNamespace).withDeadline(deadline));
    }

    List<Info> blobs(String... filters) {
      List<Info> blobs = new ArrayList<>();
      contents
          .list(ListContentRequest.newBuilder().addAllFilters(List.of(filters)).build())
          .forEachRemaining(page -> blobs.addAll(page.getInfoList()));
      return blobs;
    }

    List<Image> images() {
      return names.list(ListImagesRequest.getDefaultInstance()).getImagesList();
    }
  }
}
