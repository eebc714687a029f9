package io.imageharbour.snapshotter.mounts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.imageharbour.fusefs.ContentStore;
import io.imageharbour.fusefs.ContentStoreConfig;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.snapshotter.AttachedTestImage;
import io.imageharbour.snapshotter.SmallIndex;
import io.imageharbour.snapshotter.store.Snapshot;
import io.imageharbour.snapshotter.store.SnapshotExistsException;
import io.imageharbour.snapshotter.store.SnapshotNotFoundException;
import io.imageharbour.snapshotter.store.SnapshotStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Snapshots of an image with its index beside it, on the kernel that runs the tests. */
class AttachedSnapshotsTest {

  private static final int SECONDS = 30;

  @TempDir private Path root;
  private HeldTrees trees;
  private SnapshotStore store;
  private SnapshotDirectories directories;
  private ContentStore contents;
  private IndexSnapshots indexes;
  private AttachedTestImage image;
  private AttachedSnapshots attached;
  private Snapshotter snapshotter;

  @BeforeEach
  void open() throws Exception {
    store = SnapshotStore.open(root.resolve("db"));
    directories = new SnapshotDirectories(root);
    contents = ContentStore.open(ContentStoreConfig.of(root), List.of(), digest -> "");
    trees = new HeldTrees(new ErofsTrees(directories, ErofsBacking.FILE));
    indexes = new IndexSnapshots(directories, contents, trees);
    image = new AttachedTestImage();
    attached = new AttachedSnapshots(store, directories, indexes, image);
    OverlayMounts mounts =
        new OverlayMounts(
            directories,
            id ->
                List.of(
                    contents.casDirectory(),
                    contents.contentDirectory(IndexSnapshots.imageName(id)).orElseThrow()),
            List.of("index=off"),
            List.of());
    snapshotter = new Snapshotter(store, directories, mounts, indexes, attached, start -> {});
  }

  @AfterEach
  void close() throws Exception {
    trees.go.countDown();
    for (Snapshot snapshot : store.list()) {
      TreeMounts.unmount(directories.tree(snapshot.id()));
    }
    indexes.close();
    contents.close();
    store.close();
  }

  @Test
  void whatIsRemovedWhileItsTreeIsMadeLeavesNothing() throws Exception {
    String bottom = pullAndRemoveTheTop();
    long id = store.get(bottom).id();
    trees.held = id;
    FutureTask<List<Mount>> standing =
        new FutureTask<>(() -> snapshotter.prepare("container", Optional.of(bottom), Map.of()));
    Thread.ofPlatform().start(standing);
    assertThat(trees.reached.await(SECONDS, TimeUnit.SECONDS)).isTrue();

    FutureTask<Boolean> removal =
        new FutureTask<>(
            () -> {
              snapshotter.remove(bottom);
              snapshotter.cleanUp();
              return true;
            });
    Thread remover = Thread.ofPlatform().start(removal);
    awaitEndOrWait(remover);
    trees.go.countDown();

    assertThatExceptionOfType(ExecutionException.class)
        .isThrownBy(() -> standing.get(SECONDS, TimeUnit.SECONDS))
        .withCauseInstanceOf(SnapshotNotFoundException.class);
    assertThat(removal.get(SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThat(TreeMounts.isMounted(directories.tree(id))).isFalse();
    assertThat(root.resolve("s")).isEmptyDirectory();
    assertThat(contents.images()).isEmpty();
    assertThat(store.list()).isEmpty();
  }

  @Test
  void whatIsGoneIsNotFoundWhenItsTreeIsWanted() throws Exception {
    Snapshot bottom = store.get(pullAndRemoveTheTop());
    snapshotter.remove(bottom.name());

    assertThatExceptionOfType(SnapshotNotFoundException.class)
        .isThrownBy(() -> attached.complete(bottom))
        .withMessageContaining(bottom.name());
  }

  @Test
  void aNewerIndexThatCannotBeUsedDoesNotHideAnOlderOne() throws Exception {
    AttachedTestImage damaged = new AttachedTestImage();
    damaged.damage();
    image.setBeside(List.of(damaged, image));

    pullAndRemoveTheTop();

    assertThat(image.forgotten()).isZero();
    assertThat(directories.ids()).hasSize(1);
  }

  @Test
  void whenNoneCanBeUsedTheLayerIsLeftToTheClient() throws Exception {
    image.damage();

    snapshotter.prepare("unpack", Optional.empty(), AttachedTestImage.labels(0));

    assertThat(image.forgotten()).isEqualTo(1);
    assertThat(directories.ids()).hasSize(1);
  }

  @Test
  void anImageWhoseLowerTreesWouldNotFitIntoTheHeapIsLeftToTheClient() throws Exception {
    image.setIndex(SmallIndex.bytes(), 8 * Runtime.getRuntime().maxMemory());

    snapshotter.prepare("unpack", Optional.empty(), AttachedTestImage.labels(0));

    assertThat(image.forgotten()).isEqualTo(1);
  }

  /** Has a snapshot of each layer made; answers that of the bottom one, which has no tree yet. */
  private String pullAndRemoveTheTop() throws IOException {
    String bottom = pull(Optional.empty(), 0);
    String top = pull(Optional.of(bottom), 1);
    assertThat(directories.tree(store.get(top).id()).resolve("dir/file")).exists();
    snapshotter.remove(top);
    assertThat(attached.isIncomplete(store.get(bottom))).isTrue();
    return bottom;
  }

  private String pull(Optional<String> parent, int layer) throws IOException {
    Set<Snapshot> before = Set.copyOf(store.list());
    assertThatExceptionOfType(SnapshotExistsException.class)
        .isThrownBy(() -> snapshotter.prepare("unpack", parent, AttachedTestImage.labels(layer)));
    return store.list().stream()
        .filter(snapshot -> !before.contains(snapshot))
        .findFirst()
        .orElseThrow()
        .name();
  }

  private static void awaitEndOrWait(Thread thread) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    while (thread.getState() != Thread.State.WAITING
        && thread.getState() != Thread.State.TERMINATED) {
      assertThat(System.nanoTime()).as(thread.getState().toString()).isLessThan(deadline);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
    }
  }

  /** Real trees; one of them is mounted when the test says so. */
  private static final class HeldTrees implements IndexTrees {

    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch go = new CountDownLatch(1);
    private volatile long held = -1;
    private final IndexTrees real;

    HeldTrees(IndexTrees real) {
      this.real = real;
    }

    @Override
    public void mount(long id, ImageIndex index) throws IOException {
      if (id == held) {
        reached.countDown();
        try {
          assertThat(go.await(SECONDS, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
          throw new IOException(e);
        }
      }
      real.mount(id, index);
    }

    @Override
    public boolean remount(long id) throws IOException {
      return real.remount(id);
    }

    @Override
    public void release(long id) throws IOException {
      real.release(id);
    }

    @Override
    public void close() {
      real.close();
    }
  }
}
