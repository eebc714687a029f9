package io.imageharbour.it;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.testbed.Await;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.Mountpoints;
import io.imageharbour.testbed.Network;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.RegistryServer;
import io.imageharbour.testbed.Snapshotter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code kill -9} of harbourd at one moment or another, then a new start. */
@ExtendWith(TestbedExtension.class)
final class KilledHarbourdIT {

  /** Pulls that are cut off at most, until one was in the middle of what it does. */
  private static final int MAX_ROUNDS = 5;

  private SharedTestbed testbed;
  private Node node;
  private Path tree;

  @BeforeEach
  void startNode(SharedTestbed shared) throws Exception {
    testbed = shared;
    node = testbed.node("k");
    tree = testbed.workspace().directory("m/killed");
  }

  @AfterEach
  void removeNode() throws Exception {
    node.close();
    Node.remove(testbed.workspace(), "k");
  }

  @Test
  void whatWasCommittedAndCachedIsThereWithoutAnyRegistry() throws Exception {
    String image;
    String sum;
    try (RegistryServer registry =
        RegistryServer.start(testbed.workspace(), "rk", Network.loopback())) {
      image = testbed.convert(registry, "debian", testbed.images().debian()).reference();
      node.ctr().pull(Snapshotter.HARBOUR, image);
      sum = node.ctr().run(Snapshotter.HARBOUR, image, "sha256sum", "/bin/ls").output();
    }
    assertThat(sum).endsWith("  /bin/ls");
    List<String> snapshots = node.ctr().snapshots(Snapshotter.HARBOUR);

    node.harbourd().process().kill();
    node.restartHarbourd();
    assertNoLeftovers();

    assertThat(node.ctr().snapshots(Snapshotter.HARBOUR)).isEqualTo(snapshots);
    assertThat(node.ctr().run(Snapshotter.HARBOUR, image, "sha256sum", "/bin/ls").output())
        .isEqualTo(sum);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 300, 3000})
  void killedWhileFilesArriveLeavesNothingHalfWritten(int filesCached) throws Exception {
    String image = testbed.converted("debian", testbed.images().debian()).reference();
    node.ctr().pull(Snapshotter.HARBOUR, image);
    node.ctr().mountImage(Snapshotter.HARBOUR, image, tree);
    Process reading = readAll().start();
    Await.until(
        filesCached + " files in the cache",
        Duration.ofSeconds(60),
        () -> cached().size() >= filesCached);

    node.harbourd().process().kill();
    assertThat(reading.waitFor(60, TimeUnit.SECONDS)).isTrue();
    node.restartHarbourd();
    assertNoLeftovers();

    for (Path file : cached()) {
      int names = file.getNameCount();
      String name = file.subpath(names - 2, names).toString().replace("/", "");
      assertThat(Command.of("sha256sum", file).run().text()).startsWith(name);
    }
    Command.of("umount", "--lazy", tree).run();
    Path again = testbed.workspace().directory("m/again");
    node.ctr().mountImage(Snapshotter.HARBOUR, image, again);
    Command.of("sh", "-euc", "find \"$1\" -xdev -type f -exec sha256sum {} + > /dev/null")
        .withArguments("read", again)
        .run();
    node.ctr().unmountImage(Snapshotter.HARBOUR, again);
  }

  /**
   * @param file that appears in the snapshot's directory at the moment of the kill: the layer is
   *     unpacked, its commit begins, the tree is written, the tree is complete
   */
  @ParameterizedTest
  @ValueSource(strings = {"fs/.harbour/index", "m", "index.new", "index.erofs"})
  void killedDuringAPullLetsTheNextPullSucceed(String file) throws Exception {
    String image = testbed.converted("debian", testbed.images().debian()).reference();
    Path snapshots = node.harbourd().root().resolve("s");
    int interrupted = 0;
    for (int round = 0; round < MAX_ROUNDS && interrupted == 0; round++) {
      Process pull = node.ctr().pullCommand(Snapshotter.HARBOUR, image).start();
      awaitInAnyOf(snapshots, file, pull);
      node.harbourd().process().kill();
      assertThat(pull.waitFor(60, TimeUnit.SECONDS)).isTrue();
      interrupted += pull.exitValue() == 0 ? 0 : 1;
      node.restartHarbourd();
      assertNoLeftovers();

      node.ctr().pull(Snapshotter.HARBOUR, image);

      assertThat(node.ctr().run(Snapshotter.HARBOUR, image, "cat", "/etc/debian_version").output())
          .startsWith("12.");
      if (interrupted == 0) {
        // what has been pulled once is not unpacked again
        removeNode();
        node = testbed.node("k");
      }
    }
    assertThat(interrupted).as("rounds in which the pull was cut off").isPositive();
    node.ctr().removeImage(image);
    Await.until("nothing in " + snapshots, Duration.ofSeconds(30), () -> list(snapshots).isEmpty());
  }

  /**
   * Returns as soon as a directory has the file, or the process has ended. Asks without pause: some
   * of the files are there for some milliseconds only.
   */
  private static void awaitInAnyOf(Path directories, String file, Process process)
      throws IOException {
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    boolean there = false;
    while (!there && process.isAlive()) {
      assertThat(System.nanoTime()).as("nanoseconds, waiting for " + file).isLessThan(deadline);
      there = list(directories).stream().anyMatch(each -> Files.exists(each.resolve(file)));
    }
  }

  /** The directories are those of the snapshots that exist, and nothing in them is half made. */
  private void assertNoLeftovers() throws Exception {
    Path root = node.harbourd().root();
    Path snapshots = root.resolve("s");
    assertThat(root.resolve("ingest")).isEmptyDirectory();
    // containerd takes a snapshot out of its own books first, and then out of harbourd's
    Await.until(
        "as many directories as snapshots",
        Duration.ofSeconds(30),
        () -> list(snapshots).size() == node.ctr().snapshots(Snapshotter.HARBOUR).size());
    List<String> keys = node.ctr().snapshots(Snapshotter.HARBOUR);
    for (Path directory : list(snapshots)) {
      String metadata = Files.readString(directory.resolve("snapshot"), ISO_8859_1);
      assertThat(keys).as("%s", directory).anyMatch(key -> metadata.contains("/" + key));
      assertThat(list(directory))
          .extracting(file -> file.getFileName().toString())
          .isSubsetOf("fs", "work", "snapshot", "index.erofs", "m");
      assertThat(Mountpoints.at(directory.resolve("m")).isPresent())
          .isEqualTo(Files.exists(directory.resolve("index.erofs")));
    }
  }

  private static List<Path> list(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.toList();
    }
  }

  private Command readAll() {
    return Command.of("sh", "-c", "find \"$1\" -xdev -type f -exec cat {} + > /dev/null 2>&1")
        .withArguments("read", tree);
  }

  private List<Path> cached() throws IOException {
    try (Stream<Path> files = Files.walk(node.harbourd().root().resolve("cas"))) {
      return files.filter(Files::isRegularFile).toList();
    }
  }
}
