package io.imageharbour.fusefs;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.fusefs.linux.MountTable;
import io.imageharbour.fusefs.linux.Mounts;
import io.imageharbour.fusefs.linux.StaleMounts;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class CrashTest {

  @TempDir Path temp;

  @ParameterizedTest
  @ValueSource(ints = {1, 100, 1500})
  void whatIsKilledIsThereAfterTheNextStartAndNothingHalfMade(int afterFiles) throws Exception {
    Path root = temp.resolve("store");
    FakeImage image = CrashVictim.image();
    Process victim = startVictim(CrashVictim.class, root);
    AtomicInteger read = new AtomicInteger();
    Thread reader =
        Thread.ofPlatform()
            .daemon()
            .start(() -> readUntilItFails(root.resolve("c/app"), image, read));
    Waiting.until("some files are here", () -> read.get() >= afterFiles);
    kill(victim);
    reader.join();
    assertThat(read.get()).isLessThan(CrashVictim.FILES);
    assertThat(MountTable.on(root.resolve("c"))).hasSize(1);

    try (TestStore store = TestStore.open(root, new FakeSource("memory").with(image))) {
      assertThat(MountTable.on(root.resolve("c"))).hasSize(1);
      assertThat(store.store.images()).containsExactly("app");
      try (var leftovers = Files.list(root.resolve("ingest"))) {
        assertThat(leftovers).isEmpty();
      }
      ScrubReport report = store.store.verify();
      assertThat(report.removed()).isEmpty();
      assertThat(report.files()).isGreaterThanOrEqualTo(afterFiles);
      for (int i = 0; i < CrashVictim.FILES; i += 199) {
        FileContent content = image.index().contents().get(i);
        assertThat(store.mounted(content.digest())).hasBinaryContent(CrashVictim.bytes(i));
      }
    }
    assertThat(MountTable.on(root.resolve("c"))).isEmpty();
  }

  @Test
  void whatIsKilledWhileItWaitsForItselfEndsWhenItsMountIsRemoved() throws Exception {
    Path root = temp.resolve("store");
    FakeImage image = CrashVictim.image();
    Process victim = startVictim(StuckVictim.class, root);
    int connection = MountTable.on(root.resolve("c")).getFirst().minor();
    try {
      victim.destroyForcibly();
      // as long as it has not ended, it has /dev/fuse open, and every lock
      assertThat(victim.waitFor(1, TimeUnit.SECONDS)).as("it ended by itself").isFalse();
      StaleMounts.remove(root.resolve("c"));
      assertThat(victim.waitFor(10, TimeUnit.SECONDS)).as("it ended").isTrue();
      try (TestStore store = TestStore.open(root, new FakeSource("memory").with(image))) {
        Digest digest = image.index().contents().getFirst().digest();
        assertThat(store.mounted(digest)).hasBinaryContent(CrashVictim.bytes(0));
      }
    } finally {
      // by hand, and only if it is still there: others get its number next
      if (victim.isAlive()) {
        Files.writeString(Path.of("/sys/fs/fuse/connections/" + connection + "/abort"), "1");
      }
      if (!MountTable.on(root.resolve("c")).isEmpty()) {
        Mounts.unmountLazily(root.resolve("c"));
      }
    }
  }

  @Test
  void afterTheMachineCrashedNewFilesAreVerifiedAndTheTableIsRebuilt() throws Exception {
    FakeImage image = new FakeImage("pack");
    FakeSource source = new FakeSource("memory").with(image);
    List<FileContent> contents = new ArrayList<>();
    contents.addAll(image.addFrame(FakeImage.bytes(1, 3000)));
    contents.addAll(image.addFrame(FakeImage.bytes(2, 4000)));
    contents.addAll(image.addFrame(FakeImage.bytes(3, 5000)));
    Digest durable = contents.get(0).digest();
    Digest lost = contents.get(1).digest();
    Digest kept = contents.get(2).digest();
    source.with(image);
    Path root = temp.resolve("store");
    try (TestStore store = TestStore.open(root, source).add("app", image)) {
      for (FileContent content : contents) {
        Files.readAllBytes(store.mounted(content.digest()));
      }
    }
    // a disk as a power failure leaves it: the newest file has its name and size, but not its bytes
    Path cas = root.resolve("cas");
    Files.writeString(root.resolve("db/contents.running"), "another boot\n");
    for (Digest digest : List.of(lost, kept)) {
      Files.setAttribute(cas.resolve(TestStore.pathOf(digest)), "unix:mode", 01444);
    }
    Files.write(cas.resolve(TestStore.pathOf(lost)), new byte[4000]);
    try (TestStore store = TestStore.open(root, source)) {
      assertThat(store.store.images()).isEmpty();
      assertThat(store.cached(lost)).doesNotExist();
      assertThat(store.cached(kept)).hasBinaryContent(FakeImage.bytes(3, 5000));
      assertThat(store.cached(durable)).hasBinaryContent(FakeImage.bytes(1, 3000));
      store.add("app", image);
      assertThat(store.mounted(lost)).hasBinaryContent(FakeImage.bytes(2, 4000));
    }
    assertThat(Files.getAttribute(cas.resolve(TestStore.pathOf(kept)), "unix:mode"))
        .isEqualTo(0100444);
    assertThat(root.resolve("db/contents.running")).doesNotExist();
  }

  /** Reads files in order, and a page of the big file in between. */
  private static void readUntilItFails(Path mount, FakeImage image, AtomicInteger read) {
    List<FileContent> contents = image.index().contents();
    Path big = mount.resolve(TestStore.pathOf(contents.getLast().digest()));
    try {
      for (int i = 0; i < CrashVictim.FILES; i++) {
        Files.readAllBytes(mount.resolve(TestStore.pathOf(contents.get(i).digest())));
        try (RandomAccessFile file = new RandomAccessFile(big.toFile(), "r")) {
          file.seek(i * 4099L % CrashVictim.BIG_SIZE);
          file.read();
        }
        read.incrementAndGet();
      }
    } catch (IOException e) {
      // the victim is dead, and its mount says so
      assertThat(read).hasPositiveValue();
    }
  }

  private static Process startVictim(Class<?> program, Path root) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "--add-opens=java.base/java.nio=ALL-UNNAMED",
            "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
            // native libraries that it unpacks go with the directory
            "-Djava.io.tmpdir=" + root,
            "-cp",
            System.getProperty("java.class.path"),
            program.getName(),
            root.toString()));
    Process victim = new ProcessBuilder(command).redirectErrorStream(true).start();
    BufferedReader output =
        new BufferedReader(new InputStreamReader(victim.getInputStream(), StandardCharsets.UTF_8));
    List<String> seen = new ArrayList<>();
    for (String line = output.readLine(); line != null; line = output.readLine()) {
      seen.add(line);
      if (line.equals("serving")) {
        return victim;
      }
    }
    throw new AssertionError("the victim does not serve: " + seen);
  }

  private static void kill(Process victim) throws InterruptedException {
    victim.destroyForcibly();
    assertThat(victim.waitFor(10, TimeUnit.SECONDS)).isTrue();
  }
}
