package io.imageharbour.snapshotter;

import io.imageharbour.fusefs.ContentSource;
import io.imageharbour.fusefs.ContentStore;
import io.imageharbour.fusefs.ContentStoreConfig;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.indexer.registry.RegistrySettings;
import io.imageharbour.pool.client.PoolClient;
import io.imageharbour.pool.process.MetricsServer;
import io.imageharbour.pool.process.ProgramVersion;
import io.imageharbour.snapshotter.metrics.Metrics;
import io.imageharbour.snapshotter.mounts.AttachedSnapshots;
import io.imageharbour.snapshotter.mounts.IndexMounting;
import io.imageharbour.snapshotter.mounts.IndexSnapshots;
import io.imageharbour.snapshotter.mounts.NoTrees;
import io.imageharbour.snapshotter.mounts.OverlayMounts;
import io.imageharbour.snapshotter.mounts.Recovery;
import io.imageharbour.snapshotter.mounts.SnapshotDirectories;
import io.imageharbour.snapshotter.mounts.Snapshotter;
import io.imageharbour.snapshotter.mounts.StoredImageSizes;
import io.imageharbour.snapshotter.mounts.StoredIndexNames;
import io.imageharbour.snapshotter.probe.Finding;
import io.imageharbour.snapshotter.probe.KernelProbe;
import io.imageharbour.snapshotter.probe.KernelReport;
import io.imageharbour.snapshotter.service.SnapshotsServer;
import io.imageharbour.snapshotter.service.SnapshotsService;
import io.imageharbour.snapshotter.source.AttachedImages;
import io.imageharbour.snapshotter.source.ContainerdContent;
import io.imageharbour.snapshotter.source.ImageUseReports;
import io.imageharbour.snapshotter.source.ImageUses;
import io.imageharbour.snapshotter.source.LayerSources;
import io.imageharbour.snapshotter.source.PoolSource;
import io.imageharbour.snapshotter.source.RegistryAttachedImages;
import io.imageharbour.snapshotter.source.RegistrySource;
import io.imageharbour.snapshotter.source.RegistryWarmUp;
import io.imageharbour.snapshotter.store.SnapshotStore;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Everything that harbourd consists of, wired. Started, it serves; closed, it has stopped cleanly:
 * requests ended, the content mount gone, the content store durable. The trees of index snapshots
 * stay mounted, unless this process serves them: running containers use them, and the next start
 * finds them.
 */
public final class Daemon implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Daemon.class);

  /** So long a client waits at most to hear whether an image has its index beside it. */
  private static final Duration ATTACHED_PATIENCE = Duration.ofSeconds(10);

  /** What was opened, the last first: it is closed in this order. */
  private final Deque<Closeable> parts = new ArrayDeque<>();

  private Daemon() {}

  /**
   * Starts all parts; when it returns, containerd can call.
   *
   * @throws IOException if a part can't start; what was started before it is closed again
   */
  public static Daemon start(HarbourdConfig config) throws IOException {
    Daemon daemon = new Daemon();
    try {
      daemon.open(config);
      return daemon;
    } catch (IOException | RuntimeException | Error e) {
      daemon.close();
      throw e;
    }
  }

  @Override
  public void close() {
    while (!parts.isEmpty()) {
      try {
        parts.pop().close();
      } catch (IOException e) {
        LOG.warn("event=close-failed cause=\"{}\"", e.getMessage());
      }
    }
  }

  private void open(HarbourdConfig config) throws IOException {
    long start = System.nanoTime();
    Path root = config.root();
    Files.createDirectories(root);
    Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwx------"));
    RegistryClient registries = new RegistryClient(registrySettings(config));
    parts.push(registries::close);
    Thread unused = RegistryWarmUp.start(registries);
    KernelReport kernel = probe(config);
    parts.push(RootLock.take(root)::close);
    Recovery.removeProbes(root);

    SnapshotStore store = SnapshotStore.openOrSetAside(root.resolve("db"));
    parts.push(store::close);
    SnapshotDirectories directories = new SnapshotDirectories(root);
    EventLoopGroup eventLoop = eventLoop();
    LayerSources layers = layerSources(config, eventLoop);
    Optional<PoolClient> pool = config.pool().open();
    pool.ifPresent(client -> parts.push(client::close));
    List<ContentSource> sources = new ArrayList<>();
    ImageUses uses = new ImageUses();
    pool.ifPresent(client -> sources.add(new PoolSource(client, uses, config.pool().headStart())));
    sources.add(new RegistrySource(registries, layers));
    Optional<IndexMounting> mounting = kernel.indexMounting();
    ContentStore contents =
        ContentStore.open(
            contentConfig(config, mounting),
            sources,
            new StoredIndexNames(store, directories, layers));
    parts.push(contents::close);

    IndexSnapshots indexes =
        new IndexSnapshots(
            directories,
            contents,
            mounting
                .map(how -> how.trees(directories, contents))
                .orElseGet(() -> new NoTrees(directories, kernel.failures())));
    parts.push(indexes::close);
    AttachedSnapshots attached =
        new AttachedSnapshots(store, directories, indexes, attachedImages(config, mounting));
    new Recovery(store, directories, indexes, attached).run();
    pool.ifPresent(
        client ->
            parts.push(
                new ImageUseReports(
                        uses,
                        layers,
                        new StoredImageSizes(store, indexes),
                        client::tell,
                        ImageUseReports.INTERVAL)
                    ::close));
    OverlayMounts mounts =
        new OverlayMounts(
            directories,
            id -> mounting.map(how -> how.dataLayers(contents, id)).orElse(List.of()),
            kernel.overlayOptions(),
            mounting.map(IndexMounting::overlayOptions).orElse(List.of()));
    if (config.metricsAddress().isPresent()) {
      MetricsServer metrics =
          MetricsServer.start(
              config.metricsAddress().get(),
              Metrics.of(contents, store, pool.map(client -> client::stats)));
      parts.push(metrics::close);
    }
    SnapshotsServer server =
        SnapshotsServer.start(
            config.address(),
            new SnapshotsService(
                new Snapshotter(
                    store,
                    directories,
                    mounts,
                    indexes,
                    attached,
                    pool.isPresent() ? uses::started : n -> {})),
            eventLoop);
    parts.push(server::close);
    LOG.info(
        "event=ready version={} address={} root={} millis={}",
        ProgramVersion.get(),
        config.address(),
        root,
        (System.nanoTime() - start) / 1_000_000);
  }

  /**
   * Finds out what the kernel can do, while nothing is locked: killed in the moment in which it
   * reads from a content mount of its own, the process would not end, and not let go of its locks,
   * before somebody takes that mount away.
   */
  private static KernelReport probe(HarbourdConfig config) throws IOException {
    RootLock.take(config.root()).close(); // to say so first if another daemon is there
    KernelReport kernel = KernelProbe.run(config.root(), config.tree());
    kernel.findings().forEach(Daemon::log);
    return kernel;
  }

  /** A client waits for this one, so it gives up early: then the image is pulled whole. */
  private AttachedImages attachedImages(HarbourdConfig config, Optional<IndexMounting> mounting)
      throws IOException {
    if (config.attachedFrom().isEmpty() || mounting.isEmpty()) {
      return AttachedImages.NONE;
    }
    RegistryClient impatient =
        new RegistryClient(
            registrySettings(config).withTimeouts(ATTACHED_PATIENCE, ATTACHED_PATIENCE));
    parts.push(impatient::close);
    return new RegistryAttachedImages(impatient, config.attachedFrom());
  }

  private EventLoopGroup eventLoop() {
    EventLoopGroup eventLoop =
        new MultiThreadIoEventLoopGroup(
            1, Thread.ofPlatform().name("grpc-io").factory(), NioIoHandler.newFactory());
    parts.push(() -> eventLoop.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly());
    return eventLoop;
  }

  private static LayerSources layerSources(HarbourdConfig config, EventLoopGroup eventLoop) {
    return config.containerdAddress().isPresent()
        ? new ContainerdContent(config.containerdAddress().get(), eventLoop)
        : layer -> List.of();
  }

  private static RegistrySettings registrySettings(HarbourdConfig config) {
    return RegistrySettings.defaults()
        .withCertsDirectories(config.certsDirectories())
        .withDockerConfigDirectory(config.dockerConfigDirectory())
        .withPlainHttpHosts(config.plainHttpHosts())
        .withTemporaryDirectory(config.root().resolve("ingest"));
  }

  private static ContentStoreConfig contentConfig(
      HarbourdConfig config, Optional<IndexMounting> mounting) {
    ContentStoreConfig contents =
        ContentStoreConfig.of(config.root())
            .withMaxFetches(config.parallelFetches())
            .withFetchTimeout(config.fetchTimeout());
    return mounting.map(IndexMounting::needsContentMount).orElse(true)
        ? contents
        : contents.withoutContentMount();
  }

  private static void log(Finding finding) {
    String line = "event=probed subject=\"{}\" result=\"{}\" advice=\"{}\"";
    switch (finding.level()) {
      case GOOD ->
          LOG.info(
              "event=probed subject=\"{}\" result=\"{}\"", finding.subject(), finding.result());
      case WARNING -> LOG.warn(line, finding.subject(), finding.result(), finding.advice());
      case FAILURE -> LOG.error(line, finding.subject(), finding.result(), finding.advice());
    }
  }
}
