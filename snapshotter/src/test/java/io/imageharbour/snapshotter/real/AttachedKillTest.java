package io.imageharbour.snapshotter.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.StatusRuntimeException;
import io.imageharbour.fusefs.linux.Mounts;
import io.imageharbour.snapshotter.Configurations;
import io.imageharbour.snapshotter.proto.snapshots.Info;
import io.imageharbour.snapshotter.proto.snapshots.Kind;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

/** harbourd is killed while it makes snapshots of images with their index beside them. */
class AttachedKillTest {

  private static final int SECONDS = 60;
  private static final String IN_MEMORY = "in-memory";

  /**
   * When harbourd is killed.
   *
   * @param lower while the trees of lower layers are made, else while images are pulled
   * @param file that appears then in the directory of a snapshot
   */
  private record Moment(boolean lower, String file) {}

  private static LayeredImages images;

  @TempDir private Path directory;
  private Path mountpoints;
  private Path root;
  private SnapshotChecks checks;
  private Server harbourd;
  private SnapshotCalls calls;

  @BeforeAll
  static void pushImages(@TempDir Path registry) throws Exception {
    images = LayeredImages.start(registry);
  }

  @AfterAll
  static void stopRegistry() throws Exception {
    images.close();
  }

  @BeforeEach
  void prepare(TestInfo test) throws Exception {
    mountpoints = Files.createDirectory(directory.resolve("m"));
    root = Files.createDirectory(directory.resolve("r"));
    if (test.getTags().contains(IN_MEMORY)) {
      Mounts.mount("tmpfs", root, "tmpfs", 0, "size=256m");
    }
    checks = new SnapshotChecks(images, root, mountpoints);
    start();
  }

  @AfterEach
  void stop() throws Exception {
    calls.close();
    harbourd.close();
    Mountpoints.unmountAllBelow(directory);
  }

  @Test
  void theNextOneGoesOnWhereverItWasKilled() throws Exception {
    killAt(
        new Moment(false, "image-index"),
        new Moment(false, "image-layers"),
        new Moment(false, "index.new"),
        new Moment(true, "index-new"),
        new Moment(true, "fs/.harbour/index"),
        new Moment(true, "index.erofs"));
  }

  /** There the kernel takes an image only through a loop device. */
  @Test
  @Tag(IN_MEMORY)
  void theNextOneGoesOnWithLoopDevicesToo() throws Exception {
    killAt(new Moment(false, "m"), new Moment(true, "index.erofs"));
  }

  private void killAt(Moment... moments) throws Exception {
    List<Moment> cutOff = new ArrayList<>();
    for (Moment moment : moments) {
      if (moment.lower()) {
        assertThat(succeeds(this::pullAll)).isTrue();
      }
      List<Path> before = withFile(moment.file());
      Future<Boolean> client = CompletableFuture.supplyAsync(() -> succeeds(this::useAll));
      while (!client.isDone() && before.containsAll(withFile(moment.file()))) {
        Thread.onSpinWait();
      }
      calls.close();
      harbourd.kill();
      if (!client.get(SECONDS, TimeUnit.SECONDS)) {
        cutOff.add(moment);
      }
      start();

      assertThat(root.resolve("ingest")).isEmptyDirectory();
      removeUncommitted();
      checks.assertNothingLeaked(calls);
      for (Info info : calls.list()) {
        assertThat(checks.assertWhole(info, calls)).isTrue();
      }
      assertThat(succeeds(this::useAll)).as("the client's next attempt after " + moment).isTrue();
      checks.assertNothingLeaked(calls);
      removeEverything();
      checks.assertNothingIsLeft(calls);
    }
    assertThat(cutOff).as("when a client was cut off").hasSizeGreaterThan(moments.length / 2);
  }

  private void start() throws Exception {
    Path config = directory.resolve("harbourd.toml");
    Files.writeString(config, Configurations.text(directory, "index.attached-from = [\"*\"]"));
    Path log = directory.resolve("harbourd.log");
    harbourd = Node.startHarbourd(config, log);
    calls = new SnapshotCalls(directory.resolve("h.sock"));
  }

  private void useAll() throws IOException {
    pullAll();
    for (Info info : calls.list()) {
      assertThat(checks.assertWhole(info, calls)).isTrue();
    }
  }

  private void pullAll() throws IOException {
    for (LayeredImage image : List.of(images.app(), images.web())) {
      LayerPull pull = new LayerPull(image, () -> calls, mountpoints);
      String unused = pull.finish();
      assertThat(pull.unpacked()).isZero();
    }
  }

  /** What a client does may fail only because harbourd is not there. */
  private static boolean succeeds(Work work) {
    try {
      work.run();
      return true;
    } catch (StatusRuntimeException | IOException e) {
      return false;
    }
  }

  @FunctionalInterface
  private interface Work {
    void run() throws IOException;
  }

  /** The directories of snapshots that have this file now, for some have it for a moment only. */
  private List<Path> withFile(String file) throws IOException {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> snapshots = Files.newDirectoryStream(root.resolve("s"))) {
      for (Path snapshot : snapshots) {
        if (Files.exists(snapshot.resolve(file))) {
          found.add(snapshot);
        }
      }
    }
    return found;
  }

  private void removeUncommitted() {
    for (Info info : calls.list()) {
      if (info.getKind() != Kind.COMMITTED) {
        calls.remove(info.getName());
      }
    }
  }

  private void removeEverything() {
    List<Info> left = calls.list();
    while (!left.isEmpty()) {
      Set<String> parents = left.stream().map(Info::getParent).collect(Collectors.toSet());
      left.stream()
          .map(Info::getName)
          .filter(name -> !parents.contains(name))
          .forEach(name -> calls.remove(name));
      left = calls.list();
    }
  }
}
