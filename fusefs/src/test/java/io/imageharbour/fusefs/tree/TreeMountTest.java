package io.imageharbour.fusefs.tree;

import static io.imageharbour.fusefs.tree.HandMadeTree.metadata;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.fusefs.Commands;
import io.imageharbour.fusefs.FakeImage;
import io.imageharbour.fusefs.FakeSource;
import io.imageharbour.fusefs.TestStore;
import io.imageharbour.fusefs.TreeMount;
import io.imageharbour.fusefs.TreeMountException;
import io.imageharbour.fusefs.TreeMountOptions;
import io.imageharbour.fusefs.linux.MountTable;
import io.imageharbour.fusefs.linux.Mounts;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.Inode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What mounted trees give to those who read, and how a mount begins and ends. Needs root. */
@Timeout(120)
class TreeMountTest {

  @TempDir Path temp;

  private final FakeImage image = new FakeImage("pack");
  private final FakeSource source = new FakeSource("memory");
  private final HandMadeTree tree = new HandMadeTree(image);
  private Path target;

  @BeforeEach
  void makeTarget() throws IOException {
    target = Files.createDirectory(temp.resolve("tree"));
  }

  @Test
  void bigFilesAreFetchedWhereTheyAreRead() throws Exception {
    byte[] bytes = FakeImage.bytes(7, 10 << 20);
    image.addCut(bytes, 1 << 20);
    tree.root(Map.of("big", new Inode.RegularFile(metadata(0644), 0)));
    try (TestStore store = store();
        TreeMount mount = mount(store, TreeMountOptions.OWN)) {
      try (RandomAccessFile file =
          new RandomAccessFile(mount.target().resolve("big").toFile(), "r")) {
        SplittableRandom random = new SplittableRandom(1);
        byte[] part = new byte[5];
        file.seek((3 << 20) - 2);
        file.readFully(part);
        assertThat(part).isEqualTo(Arrays.copyOfRange(bytes, (3 << 20) - 2, (3 << 20) + 3));
        // readahead of the kernel besides
        assertThat(source.bytes.get()).isLessThanOrEqualTo(3 << 20);
        for (int i = 0; i < 200; i++) {
          int offset = random.nextInt(bytes.length);
          byte[] read = new byte[Math.min(random.nextInt(1, 300_000), bytes.length - offset)];
          file.seek(offset);
          file.readFully(read);
          assertThat(read).isEqualTo(Arrays.copyOfRange(bytes, offset, offset + read.length));
        }
        file.seek(bytes.length);
        assertThat(file.read()).isEqualTo(-1);
      }
      assertThat(Files.readAllBytes(target.resolve("big"))).isEqualTo(bytes);
    }
  }

  @Test
  void manyReadersAtOnceGetTheirBytesAndEachFrameIsFetchedOnce() throws Exception {
    Map<String, Inode> entries = new HashMap<>();
    for (int i = 0; i < 64; i++) {
      image.addFrame(FakeImage.bytes(i, 70_000));
      entries.put("file" + i, new Inode.RegularFile(metadata(0644), i));
    }
    tree.root(entries);
    source.wantedOnly = true;
    source.gate = new CountDownLatch(1);
    try (TestStore store = store();
        TreeMount mount = mount(store, TreeMountOptions.OWN);
        ExecutorService threads = Executors.newFixedThreadPool(32)) {
      List<Future<byte[]>> reads = new ArrayList<>();
      for (int i = 0; i < 128; i++) {
        Path file = mount.target().resolve("file" + i % 16);
        reads.add(threads.submit(() -> Files.readAllBytes(file)));
      }
      // looking needs no bytes, and does not wait for those who do
      assertThat(Commands.run("stat", "-c", "%s", target.resolve("file63").toString()).strip())
          .isEqualTo("70000");
      source.gate.countDown();
      for (int i = 0; i < 128; i++) {
        assertThat(reads.get(i).get()).isEqualTo(FakeImage.bytes(i % 16, 70_000));
      }
      assertThat(source.fetched).hasSize(16);
      assertThat(store.store.stats().opens()).isGreaterThanOrEqualTo(16);
    }
  }

  @Test
  void whatCannotBeFetchedOrIsForgedIsAnErrorOfTheReaderAndWorksLater() throws Exception {
    List<FileContent> contents = new ArrayList<>();
    Map<String, Inode> entries = new HashMap<>();
    for (int i = 0; i < 2; i++) {
      contents.add(image.addFrame(FakeImage.bytes(i, 5000)).getFirst());
      entries.put("file" + i, new Inode.RegularFile(metadata(0644), i));
    }
    tree.root(entries);
    source.corrupt.put(contents.get(1).digest(), new AtomicInteger(Integer.MAX_VALUE));
    try (TestStore store = store();
        TreeMount mount = mount(store, TreeMountOptions.OWN)) {
      source.down = true;
      assertThatThrownBy(() -> Files.readAllBytes(mount.target().resolve("file0")))
          .hasMessageContaining("Input/output error");
      source.down = false;
      assertThatThrownBy(() -> Files.readAllBytes(target.resolve("file1")))
          .hasMessageContaining("Input/output error");
      assertThat(store.cached(contents.get(1).digest())).doesNotExist();
      assertThat(store.store.stats().failedReads()).isEqualTo(2);
      assertThat(store.store.stats().wrongDigests()).isPositive();

      source.corrupt.clear();
      for (int i = 0; i < 2; i++) {
        assertThat(target.resolve("file" + i)).hasBinaryContent(FakeImage.bytes(i, 5000));
      }
    }
  }

  @Test
  void anotherTreeReadsFromTheCasWhatTheFirstHasFetched() throws Exception {
    image.addFrame(FakeImage.bytes(1, 5000));
    tree.root(Map.of("file", new Inode.RegularFile(metadata(0644), 0)));
    Path second = Files.createDirectory(temp.resolve("second"));
    try (TestStore store = store();
        TreeMount mount = mount(store, TreeMountOptions.OWN)) {
      assertThat(mount.target().resolve("file")).hasBinaryContent(FakeImage.bytes(1, 5000));
      try (TreeMount again =
          store.store.mountTree("app", tree.index(), second, TreeMountOptions.OWN)) {
        assertThat(again.target().resolve("file")).hasBinaryContent(FakeImage.bytes(1, 5000));
        assertThat(source.fetches).hasValue(1);
        assertThat(store.store.stats().openHits()).isEqualTo(1);
      }
      assertThat(MountTable.on(second)).isEmpty();
      assertThat(target.resolve("file")).exists();
    }
  }

  @Test
  void anUnmountByAnybodyEndsIt() throws Exception {
    tree.root(Map.of());
    try (TestStore store = store();
        TreeMount mount = mount(store, TreeMountOptions.OWN)) {
      assertThat(mount.awaitEnd(Duration.ofMillis(1))).isFalse();
      Commands.run("umount", target.toString());
      assertThat(mount.awaitEnd(Duration.ofSeconds(10))).isTrue();
      mount.close();
      assertThat(MountTable.on(target)).isEmpty();
    }
  }

  @Test
  void whoHasAFileOpenWhenItIsUnmountedReadsOn() throws Exception {
    image.addFrame(FakeImage.bytes(1, 500_000));
    tree.root(Map.of("file", new Inode.RegularFile(metadata(0644), 0)));
    try (TestStore store = store()) {
      TreeMount mount = mount(store, TreeMountOptions.OWN);
      try (RandomAccessFile file = new RandomAccessFile(target.resolve("file").toFile(), "r")) {
        mount.close();
        assertThat(MountTable.on(target)).isEmpty();
        assertThat(mount.awaitEnd(Duration.ofMillis(1))).isFalse();
        byte[] read = new byte[500_000];
        file.readFully(read);
        assertThat(read).isEqualTo(FakeImage.bytes(1, 500_000));
      }
      assertThat(mount.awaitEnd(Duration.ofSeconds(10))).isTrue();
    }
  }

  @Test
  void overlayfsTakesATreeAsALayerAndCopiesUpFromIt() throws Exception {
    image.addFrame(FakeImage.bytes(1, 5000));
    tree.root(
        Map.of(
            "file",
            new Inode.RegularFile(metadata(0644), 0),
            "directory",
            new Inode.Directory(metadata(0755), List.of())));
    Path merged = Files.createDirectory(temp.resolve("merged"));
    Path upper = Files.createDirectory(temp.resolve("upper"));
    try (TestStore store = store();
        TreeMount mount = mount(store, TreeMountOptions.LAYER)) {
      Mounts.mount(
          "overlay",
          merged,
          "overlay",
          0,
          "lowerdir=%s,upperdir=%s,workdir=%s"
              .formatted(mount.target(), upper, Files.createDirectory(temp.resolve("work"))));
      try {
        assertThat(merged.resolve("file")).hasBinaryContent(FakeImage.bytes(1, 5000));
        Commands.run(
            "sh", "-c", "echo more >>\"$1/file\"; rmdir \"$1/directory\"", "sh", merged.toString());
        assertThat(Files.size(merged.resolve("file"))).isEqualTo(5005);
        assertThat(upper.resolve("file")).exists();
        assertThat(merged.resolve("directory")).doesNotExist();
        assertThat(target.resolve("directory")).isDirectory();
      } finally {
        Mounts.unmount(merged);
      }
    }
  }

  @Test
  void aDirectoryThatIsNotThereIsSaid() throws Exception {
    tree.root(Map.of());
    try (TestStore store = store()) {
      assertThatThrownBy(
              () ->
                  store.store.mountTree(
                      "app", tree.index(), temp.resolve("missing"), TreeMountOptions.OWN))
          .isInstanceOf(TreeMountException.class)
          .hasMessageContaining("can't be mounted on " + temp.resolve("missing"));
    }
  }

  private TestStore store() throws IOException {
    return TestStore.open(
            temp.resolve("store"), config -> config.withoutContentMount(), source.with(image))
        .add("app", image);
  }

  private TreeMount mount(TestStore store, TreeMountOptions options) throws IOException {
    return store.store.mountTree("app", tree.index(), target, options);
  }
}
