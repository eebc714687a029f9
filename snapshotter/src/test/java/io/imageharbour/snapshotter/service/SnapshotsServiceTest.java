package io.imageharbour.snapshotter.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.imageharbour.fusefs.linux.MountTable;
import io.imageharbour.fusefs.linux.Mounts;
import io.imageharbour.snapshotter.SmallIndex;
import io.imageharbour.snapshotter.proto.snapshots.UsageResponse;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The service as a client on the socket finds it. */
class SnapshotsServiceTest {

  private static final int MEBIBYTE = 1 << 20;

  @TempDir private Path directory;
  private ServedDaemon daemon;

  @BeforeEach
  void start() throws Exception {
    daemon = ServedDaemon.start(directory);
  }

  @AfterEach
  void stop() throws Exception {
    daemon.close();
  }

  @Test
  void theUsageOfAnActiveSnapshotIsMeasuredWhenItIsAskedFor() throws Exception {
    Path layer = daemon.prepare("a", "");
    UsageResponse empty = daemon.usage("a");
    Files.write(layer.resolve("file"), new byte[MEBIBYTE]);
    UsageResponse filled = daemon.usage("a");
    assertThat(empty.getInodes()).isEqualTo(1);
    assertThat(filled.getInodes()).isEqualTo(2);
    assertThat(filled.getSize() - empty.getSize()).isBetween((long) MEBIBYTE, MEBIBYTE + 65_536L);
    daemon.commit("c", "a");
    assertThat(daemon.usage("c")).isEqualTo(filled);
  }

  @Test
  void theUsageOfAnIndexSnapshotIsThatOfItsIndexAndItsTree() throws Exception {
    SmallIndex.write(daemon.prepare("a", ""), SmallIndex.bytes());
    UsageResponse layer = daemon.usage("a");
    daemon.commit("c", "a");
    Path image = onlySnapshot().resolve("index.erofs");
    UsageResponse committed = daemon.usage("c");
    assertThat(committed.getInodes()).isEqualTo(layer.getInodes() + 1);
    assertThat(committed.getSize() - layer.getSize())
        .isBetween(Files.size(image), Files.size(image) + 65_536);
  }

  @Test
  void theUsageOfWhatDoesNotExistIsNotFound() {
    assertThat(statusOf(() -> daemon.usage("nothing")).getCode()).isEqualTo(Status.Code.NOT_FOUND);
  }

  @Test
  void cleanupDeletesWhatARemovalCouldNot() throws Exception {
    daemon.prepare("kept", "");
    Path kept = onlySnapshot();
    Path busy = Files.createDirectory(daemon.prepare("a", "").resolve("busy"));
    Mounts.mount("tmpfs", busy, "tmpfs", 0, "");
    daemon.remove("a");
    assertThat(busy).exists();
    Mounts.unmount(busy);
    daemon.cleanup();
    assertThat(onlySnapshot()).isEqualTo(kept);
  }

  @Test
  void cleanupTakesTheTreeOfAnIndexSnapshotAwayThatIsNotInTheBooks() throws Exception {
    Path leftover = daemon.root().resolve("s/777");
    Files.createDirectories(leftover.resolve("fs"));
    Path tree = Files.createDirectory(leftover.resolve("m"));
    Mounts.mount("tmpfs", tree, "tmpfs", 0, "");
    daemon.cleanup();
    assertThat(leftover).doesNotExist();
    assertThat(MountTable.on(tree)).isEmpty();
  }

  @Test
  void anIndexThatIsLargerThanTheHeapTakesIsResourceExhausted() throws Exception {
    Path index = SmallIndex.write(daemon.prepare("a", ""), new byte[0]);
    try (RandomAccessFile file = new RandomAccessFile(index.toFile(), "rw")) {
      file.setLength(Runtime.getRuntime().maxMemory());
    }
    Status status = statusOf(() -> daemon.commit("c", "a"));
    assertThat(status.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(status.getDescription()).contains("-Xmx").hasLineCount(1);
    assertThat(statusOf(() -> daemon.stat("c")).getCode()).isEqualTo(Status.Code.NOT_FOUND);
  }

  @Test
  void moreLayersOnAnIndexThanOneMountTakesAreAFailedPrecondition() throws Exception {
    SmallIndex.write(daemon.prepare("a", ""), SmallIndex.bytes());
    daemon.commit("0", "a");
    Status status =
        statusOf(
            () -> {
              for (int i = 0; i < 1000; i++) {
                daemon.prepare("a", "" + i);
                daemon.commit("" + (i + 1), "a");
              }
            });
    assertThat(status.getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    assertThat(status.getDescription()).contains("fewer layers").hasLineCount(1);
    assertThat(statusOf(() -> daemon.stat("a")).getCode()).isEqualTo(Status.Code.NOT_FOUND);
  }

  @Test
  void aListComesInMessagesOfAHundredAndIsWhole() {
    assertThat(daemon.list()).isEmpty();
    Set<String> keys = new HashSet<>();
    while (keys.size() < 100) {
      prepareNext(keys);
    }
    assertThat(daemon.list()).extracting(List::size).containsExactly(100);
    prepareNext(keys);
    List<List<String>> messages = daemon.list();
    assertThat(messages).extracting(List::size).containsExactly(100, 1);
    assertThat(messages.stream().flatMap(List::stream)).containsExactlyInAnyOrderElementsOf(keys);
  }

  private void prepareNext(Set<String> keys) {
    String key = "k" + keys.size();
    daemon.prepare(key, "");
    keys.add(key);
  }

  private static Status statusOf(ThrowingCallable call) {
    return catchThrowableOfType(StatusRuntimeException.class, call).getStatus();
  }

  /** The directory of the one snapshot that there is. */
  private Path onlySnapshot() throws Exception {
    try (var all = Files.list(daemon.root().resolve("s"))) {
      return assertThat(all.toList()).singleElement().actual();
    }
  }
}
