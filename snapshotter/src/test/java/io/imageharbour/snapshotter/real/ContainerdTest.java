package io.imageharbour.snapshotter.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.fusefs.linux.MountTable;
import io.imageharbour.fusefs.linux.Mounts;
import io.imageharbour.snapshotter.Programs;
import io.imageharbour.snapshotter.mounts.SnapshotDirectories;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContainerdTest {

  private static final String ORDINARY = "team/tool:v1";
  private static final String INDEX = "team/tool:v1-harbour";

  @TempDir private static Path shared;
  private static Images images;

  @TempDir private Path directory;
  private Node node;

  @BeforeAll
  static void build() throws Exception {
    images = Images.start(shared);
    images.build(ORDINARY);
    images.convert(ORDINARY, INDEX);
  }

  @AfterAll
  static void stopRegistry() throws Exception {
    images.close();
  }

  @BeforeEach
  void start() throws Exception {
    node = Node.start(directory);
  }

  @AfterEach
  void stop() throws Exception {
    node.close();
  }

  @Test
  void anOrdinaryImageAndItsIndexImageRunSideBySideAndLookTheSame() throws Exception {
    String ordinary = images.reference(ORDINARY);
    String index = images.reference(INDEX);
    node.pull(ordinary);
    node.pull(index);
    // the lines with the total count blocks, and a file that was not read yet has none
    String look =
        "ls -lnR /bin /data | grep -v total; cat /data/again /data/small7; md5sum /data/big; id";
    assertThat(node.run(index, look)).isEqualTo(node.run(ordinary, look)).contains("small199");
    assertThat(node.trees()).hasSize(1);
  }

  @Test
  void aContainerStartsWithoutTheContentsThatItDoesNotRead() throws Exception {
    String image = images.reference(INDEX);
    node.pull(image);
    assertThat(node.cachedBytes()).isZero();
    assertThat(node.run(image, "cat /data/small7")).startsWith("file 7\n");
    // busybox and what shares a frame with the file
    assertThat(node.cachedBytes()).isPositive().isLessThan(Images.BIG / 2);
  }

  @Test
  void aContainerWritesToItsOwnLayerOnly() throws Exception {
    String image = images.reference(INDEX);
    node.pull(image);
    assertThat(
            node.run(image, "echo changed >/data/small3; chmod 600 /data/small4; cat /data/small3"))
        .isEqualTo("changed\n");
    assertThat(node.run(image, "cat /data/small3")).startsWith("file 3\n");
  }

  @Test
  void ordinaryLayersStandOnAnIndex() throws Exception {
    images.addLayer(INDEX, "team/tool:more", "data/small5", "replaced\n");
    String image = images.reference("team/tool:more");
    node.pull(image);
    assertThat(node.run(image, "cat /data/small5; cat /data/small6 | head -n 1"))
        .isEqualTo("replaced\nfile 6\n");
  }

  @Test
  void aCopiedImageRunsFromWhereItWasCopiedToWhenTheFirstRegistryIsGone(@TempDir Path other)
      throws Exception {
    try (Images copies = Images.start(other.resolve("b"))) {
      try (Images first = Images.start(other.resolve("a"))) {
        images.copyTo(first, ORDINARY, "x/tool:v1");
        first.convert("x/tool:v1", "x/tool:index");
        first.copyTo(copies, "x/tool:index", "y/copied:index");
      }
      String image = copies.reference("y/copied:index");
      node.pull(image);
      assertThat(node.run(image, "md5sum /data/big")).endsWith("/data/big\n");
    }
  }

  @Test
  void aReadThatFailsIsLoggedWithTheNamesOfItsImageAndItsFile(@TempDir Path other)
      throws Exception {
    String image;
    try (Images gone = Images.start(other)) {
      images.copyTo(gone, ORDINARY, "x/tool:v1");
      gone.convert("x/tool:v1", "x/tool:index");
      image = gone.reference("x/tool:index");
      node.pull(image);
      node.run(image, "cat /data/small7");
    }
    Programs.Result result = node.tryRun(image, "cat /data/small7; md5sum /data/big");
    assertThat(result.output()).startsWith("file 7\n");
    assertThat(result.exitCode()).isNotZero();
    Server.await(
        "the failure is in the log",
        () -> node.harbourd().log().contains(" image=" + image + " path=/data/big "));
  }

  @Test
  void nothingIsLeftOfAnImageThatWasRemoved() throws Exception {
    String image = images.reference(INDEX);
    node.pull(image);
    assertThat(node.trees()).hasSize(1);
    node.remove(image);
    Server.await("the snapshot is gone", () -> node.snapshotDirectories().isEmpty());
    assertThat(node.trees()).isEmpty();
    assertThat(node.ctr("snapshots", "--snapshotter", "harbour", "ls").lines()).hasSize(1);
  }

  @Test
  void afterAStopAndAStartEverythingIsThere() throws Exception {
    String image = images.reference(INDEX);
    node.pull(image);
    node.run(image, "cat /data/small7");
    assertThat(node.harbourd().stop()).isZero();
    assertThat(MountTable.on(node.root().resolve("c"))).isEmpty();
    node.restartHarbourd();
    assertThat(node.trees()).hasSize(1);
    assertThat(node.run(image, "md5sum /data/big")).endsWith("/data/big\n");
  }

  @Test
  void aMissingOrDamagedTreeIsWrittenAgainAtTheNextStart() throws Exception {
    String image = images.reference(INDEX);
    node.pull(image);
    Path tree = node.trees().getFirst().target();
    Path erofs = tree.resolveSibling("index.erofs");
    for (String damage : List.of("", "no EROFS at all")) {
      assertThat(node.harbourd().stop()).isZero();
      Mounts.unmountLazily(tree);
      Files.delete(erofs);
      if (!damage.isEmpty()) {
        Files.writeString(erofs, damage);
      }
      node.restartHarbourd();
      assertThat(node.run(image, "cat /data/small9")).startsWith("file 9\n");
    }
  }

  @Test
  void aLostOrDamagedDatabaseIsMadeAgainFromWhatLiesBesideTheLayers() throws Exception {
    String image = images.reference(INDEX);
    String ordinary = images.reference(ORDINARY);
    node.pull(image);
    node.pull(ordinary);
    String before = node.ctr("snapshots", "--snapshotter", "harbour", "ls");
    Path database = node.root().resolve("db/snapshots.mdb");
    for (String damage : List.of("", "no database at all ".repeat(1000))) {
      assertThat(node.harbourd().stop()).isZero();
      Files.delete(database);
      if (!damage.isEmpty()) {
        Files.writeString(database, damage);
      }
      node.restartHarbourd();
      assertThat(node.ctr("snapshots", "--snapshotter", "harbour", "ls"))
          .as(() -> node.harbourd().log())
          .isEqualTo(before);
      assertThat(node.run(image, "cat /data/small9")).startsWith("file 9\n");
      assertThat(node.run(ordinary, "cat /data/small9")).startsWith("file 9\n");
    }
  }

  @Test
  void aLostTableOfContentsIsMadeAgainFromTheIndexes() throws Exception {
    String image = images.reference(INDEX);
    node.pull(image);
    String content = node.run(image, "md5sum /data/big");
    assertThat(node.harbourd().stop()).isZero();
    SnapshotDirectories.delete(node.root().resolve("db/contents"));
    node.emptyCache();
    node.restartHarbourd();
    assertThat(node.cachedBytes()).isZero();
    assertThat(node.run(image, "md5sum /data/big")).isEqualTo(content);
  }

  @Test
  void afterTheMachineWentDownTreesAndTableOfContentsAreMadeAgain() throws Exception {
    String image = images.reference(INDEX);
    node.pull(image);
    String content = node.run(image, "md5sum /data/big");
    assertThat(node.harbourd().stop()).isZero();
    Files.writeString(node.root().resolve("db/contents.running"), UUID.randomUUID() + "\n");
    for (MountTable.Mount tree : node.trees()) {
      Mounts.unmountLazily(tree.target());
    }
    node.emptyCache();
    node.restartHarbourd();
    assertThat(node.harbourd().log()).contains("event=machine-crashed");
    assertThat(node.trees()).hasSize(1);
    assertThat(node.cachedBytes()).isZero();
    assertThat(node.run(image, "md5sum /data/big")).isEqualTo(content);
  }

  @Test
  void oneBrokenSnapshotDoesNotStopTheOthers() throws Exception {
    images.addLayer(ORDINARY, "team/other:v1", "data/other", "other\n");
    images.convert("team/other:v1", "team/other:v1-harbour");
    String image = images.reference(INDEX);
    String other = images.reference("team/other:v1-harbour");
    node.pull(image);
    Path broken = node.trees().getFirst().target().resolveSibling(".").normalize();
    node.pull(other);
    assertThat(node.harbourd().stop()).isZero();
    Mounts.unmountLazily(broken.resolve("m"));
    Files.delete(broken.resolve("index.erofs"));
    Files.writeString(broken.resolve("fs/.harbour/index"), "damaged");
    node.restartHarbourd();
    assertThat(node.run(other, "cat /data/other")).isEqualTo("other\n");
    assertThat(node.harbourd().log()).contains("event=snapshot-broken").contains("pull it again");
    node.remove(image);
    Server.await("the broken one is gone", () -> Files.notExists(broken));
    node.pull(image);
    assertThat(node.run(image, "cat /data/small9")).startsWith("file 9\n");
  }
}
