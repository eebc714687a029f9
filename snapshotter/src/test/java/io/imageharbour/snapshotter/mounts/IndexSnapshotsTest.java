package io.imageharbour.snapshotter.mounts;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.imageharbour.fusefs.ContentStore;
import io.imageharbour.fusefs.ContentStoreConfig;
import io.imageharbour.fusefs.linux.MountTable;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.format.CorruptIndexException;
import io.imageharbour.indexer.format.IndexFormat;
import io.imageharbour.indexer.format.IndexTooNewException;
import io.imageharbour.indexer.format.NotAnIndexException;
import io.imageharbour.indexer.registry.RepositoryName;
import io.imageharbour.snapshotter.LoopFiles;
import io.imageharbour.snapshotter.Programs;
import io.imageharbour.snapshotter.SmallIndex;
import io.imageharbour.snapshotter.source.AttachedImages;
import io.imageharbour.snapshotter.source.ImageSize;
import io.imageharbour.snapshotter.source.LayerOrigin;
import io.imageharbour.snapshotter.source.LayerSources;
import io.imageharbour.snapshotter.store.Snapshot;
import io.imageharbour.snapshotter.store.SnapshotExistsException;
import io.imageharbour.snapshotter.store.SnapshotKind;
import io.imageharbour.snapshotter.store.SnapshotStore;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/** Index snapshots on the kernel that runs the tests, without containerd. */
class IndexSnapshotsTest {

  private static final Optional<String> NO_PARENT = Optional.empty();
  private static final LayerSources NO_CONTAINERD = layer -> List.of();

  @SuppressWarnings("NullAway")
  private static final SnapshotDirectories NO_DIRECTORIES = null;

  @TempDir private Path root;
  private SnapshotStore store;
  private SnapshotDirectories directories;
  private ContentStore contents;
  private IndexSnapshots indexes;
  private Snapshotter snapshotter;
  private final List<String> starts = new ArrayList<>();

  @BeforeEach
  void open() throws Exception {
    store = SnapshotStore.open(root.resolve("db"));
    directories = new SnapshotDirectories(root);
    contents =
        ContentStore.open(
            ContentStoreConfig.of(root),
            List.of(),
            new StoredIndexNames(store, directories, NO_CONTAINERD));
    indexes =
        new IndexSnapshots(directories, contents, new ErofsTrees(directories, ErofsBacking.FILE));
    snapshotter = snapshotter(indexes);
  }

  private Snapshotter snapshotter(IndexSnapshots with) {
    OverlayMounts mounts =
        new OverlayMounts(
            directories,
            id ->
                List.of(
                    contents.casDirectory(),
                    contents.contentDirectory(IndexSnapshots.imageName(id)).orElseThrow()),
            List.of("index=off"),
            List.of());
    return new Snapshotter(store, directories, mounts, with, attached(with), starts::add);
  }

  @AfterEach
  void close() throws Exception {
    for (Snapshot snapshot : store.list()) {
      TreeMounts.unmount(directories.tree(snapshot.id()));
    }
    indexes.close();
    contents.close();
    store.close();
  }

  @ParameterizedTest
  @EnumSource
  void aLayerWithAnIndexBecomesItsTree(ErofsBacking backing) throws Exception {
    try (IndexSnapshots backed =
        new IndexSnapshots(directories, contents, new ErofsTrees(directories, backing))) {
      snapshotter = snapshotter(backed);
      prepare("a", SmallIndex.bytes());
      snapshotter.commit("c", "a", Map.of());
      Snapshot committed = store.get("c");
      assertThat(committed.index()).isTrue();
      assertThat(committed.usage().bytes()).isPositive();
      assertThat(directories.tree(committed.id()).resolve("dir/file")).exists();
      Path image = directories.image(committed.id());
      assertThat(Programs.run(root, Map.of(), "fsck.erofs", image.toString()).exitCode()).isZero();
      assertThat(contents.images()).containsExactly(Long.toString(committed.id()));
      assertThat(LoopFiles.below(root)).hasSize(backing == ErofsBacking.LOOP ? 1 : 0);
      snapshotter.remove("c");
      assertNothingIsLeft();
      awaitNoLoopDevice();
    }
  }

  @Test
  void aTreeOfFuseIsServedUntilItsSnapshotIsRemoved() throws Exception {
    try (IndexSnapshots served = served()) {
      snapshotter = snapshotter(served);
      prepare("a", SmallIndex.bytes());
      snapshotter.commit("c", "a", Map.of());
      Snapshot committed = store.get("c");
      Path tree = directories.tree(committed.id());
      assertThat(tree.resolve("dir/file")).exists();
      assertThat(MountTable.on(tree))
          .singleElement()
          .satisfies(mount -> assertThat(mount.type()).isEqualTo("fuse.harbour-tree"));
      assertThat(directories.image(committed.id())).doesNotExist();
      snapshotter.remove("c");
      assertNothingIsLeft();
    }
  }

  @Test
  void theNextStartMountsTreesInItsOwnWayWhateverTheLastOneLeft() throws Exception {
    IndexSnapshots served = served();
    snapshotter = snapshotter(served);
    prepare("a", SmallIndex.bytes());
    snapshotter.commit("c", "a", Map.of());
    Path tree = directories.tree(store.get("c").id());
    // dead, and still mounted, as after a kill
    Path connection =
        Path.of(
            "/sys/fs/fuse/connections", Integer.toString(MountTable.on(tree).getFirst().minor()));
    Files.writeString(connection.resolve("abort"), "1");
    assertThatExceptionOfType(FileSystemException.class)
        .isThrownBy(() -> Files.readAttributes(tree, "*"));

    for (IndexSnapshots next : List.of(served(), indexes, served())) {
      new Recovery(store, directories, next, attached(next)).run();
      assertThat(tree.resolve("dir/file")).exists();
      assertThat(MountTable.on(tree)).hasSize(1);
      if (next != indexes) {
        next.close();
        assertThat(MountTable.on(tree)).isEmpty();
      }
    }
  }

  private AttachedSnapshots attached(IndexSnapshots with) {
    return new AttachedSnapshots(store, directories, with, AttachedImages.NONE);
  }

  private IndexSnapshots served() {
    return new IndexSnapshots(directories, contents, new FuseTrees(directories, contents));
  }

  @Test
  void aWrongIndexIsRefusedForItsReasonAndLeavesTheLayerAsItWas() throws Exception {
    byte[] good = SmallIndex.bytes();
    byte[] tooNew = good.clone();
    tooNew[8] = 99;
    byte[] damaged = good.clone();
    damaged[good.length / 2] ^= 1;
    refused(new byte[0], NotAnIndexException.class);
    refused("<html>".repeat(10).getBytes(UTF_8), NotAnIndexException.class);
    refused(tooNew, IndexTooNewException.class);
    refused(damaged, CorruptIndexException.class);
    refused(Arrays.copyOf(good, good.length - 1), CorruptIndexException.class);
  }

  @Test
  void anImageThatTheKernelRefusesToMountLeavesNothing() throws Exception {
    IndexSnapshots none =
        new IndexSnapshots(
            directories, contents, new NoTrees(directories, "erofs: not there (do this)"));
    prepare("a", SmallIndex.bytes());
    long id = store.get("a").id();
    assertThatExceptionOfType(IndexSnapshotsUnsupportedException.class)
        .isThrownBy(() -> none.build(id, written -> written))
        .withMessageContaining("erofs: not there (do this)");
    assertOnlyTheLayerIsLeft(id);
  }

  @Test
  void aCommitThatRunsOutOfHeapLeavesNothing() throws Exception {
    prepare("a", SmallIndex.bytes());
    long id = store.get("a").id();
    assertThatExceptionOfType(OutOfMemoryError.class)
        .isThrownBy(
            () ->
                indexes.build(
                    id,
                    written -> {
                      throw new OutOfMemoryError("by the test");
                    }));
    assertOnlyTheLayerIsLeft(id);
  }

  @Test
  void onlyALayerWithNothingButAnIndexAndWithoutParentIsAnIndexSnapshot() throws Exception {
    prepare("more", SmallIndex.bytes());
    Files.createFile(layer("more").resolve("other"));
    snapshotter.commit("more-c", "more", Map.of());
    prepare("beside", SmallIndex.bytes());
    Files.createFile(layer("beside").resolve(".harbour/other"));
    snapshotter.commit("beside-c", "beside", Map.of());
    snapshotter.prepare("link", NO_PARENT, Map.of());
    Files.createDirectory(layer("link").resolve(".harbour"));
    Files.createSymbolicLink(layer("link").resolve(".harbour/index"), Path.of("/etc/passwd"));
    snapshotter.commit("link-c", "link", Map.of());
    snapshotter.prepare("directory", NO_PARENT, Map.of());
    Files.createSymbolicLink(layer("directory").resolve(".harbour"), layer("beside-c"));
    snapshotter.commit("directory-c", "directory", Map.of());
    snapshotter.prepare("child", Optional.of("more-c"), Map.of());
    SmallIndex.write(layer("child"), SmallIndex.bytes());
    snapshotter.commit("child-c", "child", Map.of());
    assertThat(store.list()).hasSize(5).noneMatch(Snapshot::index);
    assertThat(contents.images()).isEmpty();
  }

  @Test
  void whenTwoCommitUnderOneNameTheFirstWinsAndNothingIsLeftOfTheOther() throws Exception {
    try (ExecutorService both = Executors.newFixedThreadPool(2)) {
      for (int round = 0; round < 10; round++) {
        prepare("x", SmallIndex.bytes());
        prepare("y", SmallIndex.bytes());
        CyclicBarrier together = new CyclicBarrier(2);
        List<Future<Boolean>> results =
            List.of("x", "y").stream()
                .map(
                    key ->
                        both.submit(
                            () -> {
                              together.await();
                              try {
                                snapshotter.commit("c", key, Map.of());
                                return true;
                              } catch (SnapshotExistsException e) {
                                return false;
                              }
                            }))
                .toList();
        assertThat(results.get(0).get() ^ results.get(1).get()).isTrue();
        assertThat(contents.images()).containsExactly(Long.toString(store.get("c").id()));
        String loser = results.get(0).get() ? "y" : "x";
        assertOnlyTheLayerIsLeft(store.get(loser).id());
        snapshotter.remove(loser);
        snapshotter.remove("c");
      }
    }
    assertNothingIsLeft();
  }

  @Test
  void anIndexThatDoesNotFitIntoTheHeapIsRefusedBeforeItIsRead() throws Exception {
    try (IndexMemory memory = new IndexMemory(12_000)) {
      memory.take(1000).close();
      assertThatExceptionOfType(IndexTooLargeException.class)
          .isThrownBy(() -> memory.take(1001))
          .withMessageContaining("1001 bytes")
          .withMessageContaining("-Xmx");
    }
  }

  @Test
  void aTreeIsNotWrittenAgainFromAnIndexThatDoesNotFitIntoTheHeap() throws Exception {
    prepare("a", SmallIndex.bytes());
    snapshotter.commit("c", "a", Map.of());
    long id = store.get("c").id();
    TreeMounts.unmount(directories.tree(id));
    Files.delete(directories.image(id));
    try (RandomAccessFile index =
        new RandomAccessFile(layer("c").resolve(ImageIndex.PATH_IN_LAYER).toFile(), "rw")) {
      index.setLength(Runtime.getRuntime().maxMemory());
    }
    assertThatExceptionOfType(IndexTooLargeException.class)
        .isThrownBy(() -> indexes.restore(id, /* known= */ true, written -> written));
  }

  @Test
  void aBugThatASnapshotRunsIntoDoesNotEndTheRecovery() throws Exception {
    for (String name : List.of("c", "d")) {
      prepare("a", SmallIndex.bytes());
      snapshotter.commit(name, "a", Map.of());
    }
    Logger logger = (Logger) LoggerFactory.getLogger(Recovery.class);
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    logger.addAppender(log);
    try (IndexSnapshots broken =
        new IndexSnapshots(
            NO_DIRECTORIES, contents, new ErofsTrees(NO_DIRECTORIES, ErofsBacking.FILE))) {
      new Recovery(store, directories, broken, attached(broken)).run();
    } finally {
      logger.detachAppender(log);
    }
    assertThat(log.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .filteredOn(line -> line.startsWith("event=snapshot-broken"))
        .satisfiesExactly(
            line -> assertThat(line).contains("snapshot=\"c\"", "NullPointerException"),
            line -> assertThat(line).contains("snapshot=\"d\"", "NullPointerException"));
  }

  @Test
  void recoveryRemovesAHalfMadeCommitAndDirectoriesWithoutMetadata() throws Exception {
    prepare("a", SmallIndex.bytes());
    long half = store.get("a").id();
    // a crash between the mount and the commit of the metadata
    indexes.build(half, written -> written);
    long orphan = store.reserveId();
    directories.make(orphan, true, directories.noParent());
    SmallIndex.write(directories.layer(orphan), SmallIndex.bytes());
    indexes.build(orphan, written -> written);
    directories.made(orphan);
    contents.add(
        "777",
        IndexFormat.read(directories.layer(half).resolve(ImageIndex.PATH_IN_LAYER)),
        List.of());
    new Recovery(store, directories, indexes, attached(indexes)).run();
    assertOnlyTheLayerIsLeft(half);
    assertThat(contents.images()).isEmpty();
    snapshotter.commit("c", "a", Map.of());
    assertThat(store.get("c").index()).isTrue();
  }

  @Test
  void theNamesOfAContentAreFoundInTheStoredIndex() throws Exception {
    String layer = "default/1/" + Digest.sha256(new byte[] {1});
    commit(layer, Map.of("containerd.io/snapshot/cri.image-ref", "r.test/x:1"), "o.test/x");
    assertThat(imageOfContent(Optional.of("containerd.test/x:1"))).isEqualTo("r.test/x:1");
    snapshotter.remove(layer);
    commit(layer, Map.of(), "o.test/x", "p.test/x");
    assertThat(imageOfContent(Optional.of("containerd.test/x:1"))).isEqualTo("containerd.test/x:1");
    assertThat(imageOfContent(Optional.of("odd\" path=/\n"))).isEqualTo("\"odd\\\" path=/\\n\"");
    assertThat(imageOfContent(Optional.empty())).isEqualTo("o.test/x");
    snapshotter.remove(layer);
    commit(layer, Map.of());
    assertThat(imageOfContent(Optional.empty())).isEqualTo(layer);
    StoredIndexNames names = new StoredIndexNames(store, directories, NO_CONTAINERD);
    assertThat(names.describe(Digest.sha256(new byte[] {1}))).isEmpty();
  }

  @Test
  void onlyAContainerOnAnIndexSnapshotIsAStart() throws Exception {
    commit("index", Map.of());
    Optional<String> index = Optional.of("index");
    snapshotter.view("view", index, Map.of());
    snapshotter.prepare("unpack", index, Map.of("containerd.io/snapshot.ref", "sha256:1"));
    snapshotter.commit("layer", "unpack", Map.of());
    assertThat(starts).isEmpty();

    snapshotter.prepare("c1", index, Map.of());
    snapshotter.prepare("c2", Optional.of("layer"), Map.of());
    assertThat(starts).containsExactly("index", "index");

    snapshotter.prepare("base", NO_PARENT, Map.of());
    snapshotter.commit("ordinary", "base", Map.of());
    snapshotter.prepare("c3", Optional.of("ordinary"), Map.of());
    assertThat(starts).hasSize(2);
  }

  @Test
  void theSizeOfAnImageIsReadFromItsSnapshot() throws Exception {
    Digest layer = Digest.EMPTY;
    commit("default/7/" + layer, Map.of());
    StoredImageSizes sizes = new StoredImageSizes(store, indexes);
    ImageIndex index = indexes.readIndex(store.get("default/7/" + layer).id());
    assertThat(sizes.apply(new LayerOrigin("default", layer))).contains(ImageSize.of(index));
    assertThat(ImageSize.of(index).bytes()).isPositive();
    assertThat(sizes.apply(new LayerOrigin("other", layer))).isEmpty();
  }

  private void commit(String name, Map<String, String> labels, String... origins)
      throws IOException {
    prepare("a", SmallIndex.bytes(origins));
    snapshotter.commit(name, "a", labels);
  }

  /** What image is said to hold the content, if containerd calls every image by this name. */
  private String imageOfContent(Optional<String> knownToContainerd) {
    LayerSources containerd =
        new LayerSources() {
          @Override
          public List<RepositoryName> of(LayerOrigin layer) {
            return List.of();
          }

          @Override
          public Optional<String> imageName(LayerOrigin layer) {
            return knownToContainerd;
          }
        };
    String described =
        new StoredIndexNames(store, directories, containerd)
            .describe(Digest.sha256(SmallIndex.CONTENT));
    assertThat(described).startsWith("image=").endsWith(" path=/dir/file");
    return described.substring("image=".length(), described.lastIndexOf(' '));
  }

  private void refused(byte[] index, Class<? extends HarbourException> reason) throws Exception {
    prepare("bad", index);
    long id = store.get("bad").id();
    assertThatExceptionOfType(reason)
        .isThrownBy(() -> snapshotter.commit("c", "bad", Map.of()))
        .withMessageContaining(".harbour/index");
    assertThat(store.find("c")).isEmpty();
    assertThat(store.get("bad").kind()).isEqualTo(SnapshotKind.ACTIVE);
    assertOnlyTheLayerIsLeft(id);
    snapshotter.remove("bad");
    assertNothingIsLeft();
  }

  private void assertOnlyTheLayerIsLeft(long id) throws IOException {
    assertThat(contents.images()).doesNotContain(Long.toString(id));
    assertThat(TreeMounts.isMounted(directories.tree(id))).isFalse();
    assertThat(directories.directory(id))
        .isDirectoryContaining(file -> file.endsWith("fs"))
        .isDirectoryNotContaining(
            file -> !Set.of("fs", "work", "snapshot").contains(file.getFileName().toString()));
  }

  /** The kernel takes a device down a moment after its last user is gone. */
  private void awaitNoLoopDevice() throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (!LoopFiles.below(root).isEmpty()) {
      assertThat(System.nanoTime()).as("%s go in time", LoopFiles.below(root)).isLessThan(deadline);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
    }
  }

  private void assertNothingIsLeft() throws IOException {
    assertThat(store.list()).isEmpty();
    assertThat(contents.images()).isEmpty();
    assertThat(root.resolve("s")).isEmptyDirectory();
  }

  private void prepare(String key, byte[] index) throws IOException {
    snapshotter.prepare(key, NO_PARENT, Map.of());
    SmallIndex.write(layer(key), index);
  }

  private Path layer(String key) throws IOException {
    return directories.layer(store.get(key).id());
  }
}
