package io.imageharbour.snapshotter.mounts;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.format.IndexFormat;
import io.imageharbour.indexer.image.MediaTypes;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.snapshotter.source.AttachedImage;
import io.imageharbour.snapshotter.source.AttachedImages;
import io.imageharbour.snapshotter.source.ImageOrigins;
import io.imageharbour.snapshotter.store.Snapshot;
import io.imageharbour.snapshotter.store.SnapshotKind;
import io.imageharbour.snapshotter.store.SnapshotNotFoundException;
import io.imageharbour.snapshotter.store.SnapshotStore;
import io.imageharbour.snapshotter.store.Usage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Snapshots of images that have their index beside them. A client that is about to unpack a layer
 * hears that the layer's snapshot is there already, and does not even fetch the layer.
 *
 * <p>Each layer's snapshot has the whole tree of the layers up to it, for whoever stands on it: a
 * container, or an ordinary layer of another image that shares its lower layers with this one. The
 * tree of the topmost layer is made at once, those of the others when something is to stand on
 * them, from what the node has then already. So no snapshot is ever less than its layers. Safe for
 * use by several threads.
 *
 * @see <a
 *     href="https://github.com/containerd/containerd/blob/main/docs/remote-snapshotter.md">containerd,
 *     remote snapshotter</a>
 */
public final class AttachedSnapshots {

  private static final Logger LOG = LoggerFactory.getLogger(AttachedSnapshots.class);

  /** The label in which a client names the layer that it is about to unpack, by its chain ID. */
  static final String UNPACK_LABEL = "containerd.io/snapshot.ref";

  /** The label in which clients pass the digest of the image's manifest. */
  private static final String MANIFEST_LABEL = "containerd.io/snapshot/cri.manifest-digest";

  private final SnapshotStore store;
  private final SnapshotDirectories directories;
  private final IndexSnapshots indexes;
  private final AttachedImages images;
  private final KeyLocks locks = new KeyLocks();

  /** Works on these, and finds indexes there. */
  public AttachedSnapshots(
      SnapshotStore store,
      SnapshotDirectories directories,
      IndexSnapshots indexes,
      AttachedImages images) {
    this.store = store;
    this.directories = directories;
    this.indexes = indexes;
    this.images = images;
  }

  /**
   * What is known of the layer that a client is about to unpack.
   *
   * @param chainId of the layer
   * @param image what the client calls the image
   * @param manifest digest of its manifest
   */
  private record Wanted(
      String chainId,
      Optional<Snapshot> parent,
      ImageReference image,
      Digest manifest,
      Map<String, String> labels) {

    boolean isOf(Snapshot snapshot) {
      return snapshot.kind() == SnapshotKind.COMMITTED
          && snapshot.isAttached()
          && snapshot.parent().equals(parent.map(Snapshot::name))
          && chainId.equals(snapshot.labels().get(UNPACK_LABEL));
    }

    boolean isOfSameImage(Snapshot snapshot) {
      return snapshot.isAttached()
          && manifest.toString().equals(snapshot.labels().get(MANIFEST_LABEL));
    }
  }

  /**
   * Sees to it that the layer that a client is about to unpack has a snapshot, if its image has an
   * index beside it.
   *
   * @param parent the snapshot of the layer below
   * @param labels of the snapshot that the client asks for
   * @return whether there is one now, committed, with these labels and this parent
   */
  boolean provide(Optional<String> parent, Map<String, String> labels) throws IOException {
    Optional<Wanted> wanted = wanted(parent, labels);
    if (wanted.isEmpty()) {
      return false;
    }
    try (KeyLocks.Held held = locks.lock(wanted.get().chainId())) {
      return store.list().stream().anyMatch(wanted.get()::isOf) || make(wanted.get());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private Optional<Wanted> wanted(Optional<String> parent, Map<String, String> labels)
      throws IOException {
    String chainId = labels.getOrDefault(UNPACK_LABEL, "");
    String manifest = labels.getOrDefault(MANIFEST_LABEL, "");
    Optional<ImageReference> image = ImageOrigins.reference(labels);
    if (chainId.isEmpty()
        || manifest.isEmpty()
        || image.isEmpty()
        || labels.containsKey(MediaTypes.INDEX_LAYER)) {
      return Optional.empty();
    }
    Optional<Snapshot> below =
        parent.isPresent() ? Optional.of(store.get(parent.get())) : Optional.empty();
    try {
      return Optional.of(new Wanted(chainId, below, image.get(), Digest.parse(manifest), labels));
    } catch (IllegalArgumentException e) {
      LOG.warn("event=label-ignored label={} cause=\"{}\"", MANIFEST_LABEL, e.getMessage());
      return Optional.empty();
    }
  }

  /** Where an attached snapshot gets the files of its image from. */
  @FunctionalInterface
  private interface FilesSource {
    void bring(ImageFiles files) throws IOException, InterruptedException;
  }

  /** Makes the snapshot, or leaves nothing behind: then the client unpacks the layer itself. */
  private boolean make(Wanted wanted) throws IOException, InterruptedException {
    Optional<Snapshot> sibling = wanted.parent().filter(wanted::isOfSameImage);
    if (sibling.isPresent()) {
      ImageFiles present = directories.imageFiles(sibling.get().id());
      return make(wanted, files -> files.link(present)) || unusable(wanted);
    }
    List<AttachedImage> found = images.find(wanted.image(), wanted.manifest());
    for (AttachedImage image : found) {
      if (make(wanted, files -> fetch(image, files, wanted))) {
        return true;
      }
    }
    return !found.isEmpty() && unusable(wanted);
  }

  private boolean make(Wanted wanted, FilesSource source) throws IOException, InterruptedException {
    long start = System.nanoTime();
    long id = store.reserveId();
    boolean stored = false;
    try {
      directories.make(id, /* writable= */ false, directories.noParent());
      ImageFiles files = directories.imageFiles(id);
      source.bring(files);
      List<Digest> chain = files.chainIds();
      int layers = position(wanted, chain);
      if (layers == 0) {
        return false;
      }
      Usage usage = layers == chain.size() ? completeTop(id, wanted) : new Usage(0, 0);
      IndexSnapshots.sync(directories.directory(id));
      Snapshot made =
          store.createAttached(
              id,
              "attached:" + id + ":" + wanted.chainId(),
              wanted.parent().map(Snapshot::name),
              wanted.labels(),
              usage,
              layers);
      stored = true;
      directories.copyMetadata(made);
      LOG.info(
          "event=attached snapshot={} id={} image={} layer={}/{} millis={}",
          made.name(),
          id,
          wanted.image(),
          layers,
          chain.size(),
          (System.nanoTime() - start) / 1_000_000);
      return true;
    } catch (IOException e) {
      logUnusable(wanted, String.valueOf(e.getMessage()));
    } catch (RuntimeException | OutOfMemoryError e) {
      logUnusable(wanted, e.toString());
    } finally {
      directories.made(id);
      if (!stored) {
        indexes.deleteLeftover(id);
      }
    }
    return false;
  }

  /**
   * Makes sure, before the first layer is answered for, that the trees of all layers can be made.
   */
  private void fetch(AttachedImage image, ImageFiles files, Wanted wanted)
      throws IOException, InterruptedException {
    files.fetch(image);
    long size;
    try (IndexMemory.Share share = indexes.takeMemory(files.size())) {
      size = files.check(wanted.manifest());
    }
    indexes.requireMemory(size);
  }

  private static void logUnusable(Wanted wanted, String cause) {
    LOG.warn(
        "event=attached-index-unusable image={} manifest={} cause=\"{}\" action=\"an older one is used, or the image pulled whole\"",
        wanted.image(),
        wanted.manifest(),
        cause);
  }

  /** Asked again within a minute, the registry would only say the same. */
  private boolean unusable(Wanted wanted) {
    images.forget(wanted.image(), wanted.manifest());
    return false;
  }

  /** How many layers the wanted snapshot stands for; 0 if it is none of this image. */
  private static int position(Wanted wanted, List<Digest> chain) {
    int layers = chain.stream().map(Digest::toString).toList().indexOf(wanted.chainId()) + 1;
    Optional<String> below = wanted.parent().flatMap(AttachedSnapshots::chainId);
    Optional<String> expected =
        layers < 2 ? Optional.empty() : Optional.of(chain.get(layers - 2).toString());
    if (layers == 0 || !below.equals(expected)) {
      LOG.warn(
          "event=attached-index-foreign image={} layer={} parent={}",
          wanted.image(),
          wanted.chainId(),
          below.orElse("none"));
      return 0;
    }
    return layers;
  }

  /** The chain ID that a committed snapshot was unpacked as. */
  private static Optional<String> chainId(Snapshot snapshot) {
    return Optional.ofNullable(snapshot.labels().get(UNPACK_LABEL))
        .or(() -> ImageOrigins.layer(snapshot.name()).map(layer -> layer.diffId().toString()));
  }

  /** The tree of the topmost layer is the image's own. */
  private Usage completeTop(long id, Wanted wanted) throws IOException {
    Path file = indexes.indexFile(id);
    Files.createDirectories(file.getParent());
    Files.createLink(file, directories.imageFiles(id).index());
    return indexes.build(id, written -> ImageOrigins.of("", wanted.labels(), written));
  }

  /**
   * Sees to it that something can stand on an index snapshot: makes the tree of an attached one
   * that has none yet, and mounts one anew that could not be mounted at the start.
   *
   * @throws SnapshotNotFoundException if it was removed meanwhile
   * @throws IOException if it can't be; the message says what to do
   */
  void complete(Snapshot snapshot) throws IOException {
    long id = snapshot.id();
    if (indexes.isReady(id)) {
      return;
    }
    // whoever removes it from the store now deletes what is made here, after this
    try (KeyLocks.Held held = indexes.lock(id)) {
      if (indexes.isReady(id)) {
        return;
      }
      if (store.get(snapshot.name()).id() != id) {
        throw new SnapshotNotFoundException(
            "snapshot \"" + snapshot.name() + "\" was removed, and another one made in its place");
      }
      if (isIncomplete(snapshot)) {
        makeTree(snapshot);
      } else {
        indexes.restore(
            id,
            /* known= */ false,
            written -> ImageOrigins.of(snapshot.name(), snapshot.labels(), written));
      }
    }
  }

  /** Whether an index snapshot has no tree yet, because nothing stands on it. */
  boolean isIncomplete(Snapshot snapshot) {
    return snapshot.isAttached() && !Files.exists(indexes.indexFile(snapshot.id()));
  }

  private void makeTree(Snapshot snapshot) throws IOException {
    long start = System.nanoTime();
    long id = snapshot.id();
    ImageFiles files = directories.imageFiles(id);
    Path fresh = directories.directory(id).resolve("index-new");
    long size;
    try (IndexMemory.Share share = indexes.takeMemory(files.size())) {
      size = files.treeSize();
    }
    try (IndexMemory.Share share = indexes.takeMemory(size);
        OutputStream out = Files.newOutputStream(fresh)) {
      IndexFormat.write(files.indexOf(snapshot.attachedLayers(), size), out);
    }
    IndexSnapshots.sync(fresh);
    Path file = indexes.indexFile(id);
    Files.createDirectories(file.getParent());
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    try {
      Usage unused =
          indexes.build(
              id, written -> ImageOrigins.of(snapshot.name(), snapshot.labels(), written));
    } catch (IOException | RuntimeException | Error e) {
      Files.deleteIfExists(file);
      throw e;
    }
    LOG.info(
        "event=attached-tree-made snapshot={} id={} layers={} millis={}",
        snapshot.name(),
        id,
        snapshot.attachedLayers(),
        (System.nanoTime() - start) / 1_000_000);
  }
}
