package io.imageharbour.fusefs.tree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.fusefs.Commands;
import io.imageharbour.fusefs.FakeImage;
import io.imageharbour.fusefs.FakeSource;
import io.imageharbour.fusefs.TestStore;
import io.imageharbour.fusefs.TreeMount;
import io.imageharbour.fusefs.TreeMountOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Readers of a mounted tree whose bytes do not come. Needs root. */
@Timeout(120)
class WaitingReadersTest {

  private static final int FILES = 50;
  private static final int MAX_WAITING = 8;

  /** Those that read requests besides. */
  private static final int MAX_THREADS = MAX_WAITING + 4;

  @TempDir Path temp;

  private final FakeImage image = new FakeImage("pack");
  private final FakeSource source = new FakeSource("memory");
  private final ExecutorService readers = Executors.newFixedThreadPool(200);
  private Path target;

  @BeforeEach
  void makeImage() throws IOException {
    target = Files.createDirectory(temp.resolve("tree"));
    for (int i = 0; i < FILES; i++) {
      image.addFrame(bytes(i));
    }
    source.wantedOnly = true;
    source.gate = new CountDownLatch(1);
  }

  @AfterEach
  void stopReaders() {
    readers.close();
  }

  @Test
  void manyTakeABoundedNumberOfThreadsOthersLookAroundMeanwhileAndAllGetTheirBytes()
      throws Exception {
    try (TestStore store = store(Duration.ofMinutes(1));
        TreeMount mount = mount(store)) {
      List<Future<byte[]>> reads = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        Path file = file(mount, i % FILES);
        reads.add(readers.submit(() -> Files.readAllBytes(file)));
      }
      await("every reader to wait", () -> waitingInSystemCalls() == 200);
      await("requests to wait", () -> waitingRequests() == MAX_WAITING);
      assertThat(Commands.run("ls", "-lR", mount.target().toString())).hasLineCount(FILES + 2);
      assertThat(requestThreads()).isLessThanOrEqualTo(MAX_THREADS);

      source.gate.countDown();
      for (int i = 0; i < reads.size(); i++) {
        assertThat(reads.get(i).get()).isEqualTo(bytes(i % FILES));
      }
      assertThat(source.fetched).hasSize(FILES);
      await("threads without work to end", () -> requestThreads() <= MAX_WAITING);
    }
    assertThat(requestThreads()).isZero();
  }

  @Test
  void whatNeverComesIsAnErrorOfEachReaderHoweverManyThereAre() throws Exception {
    try (TestStore store = store(Duration.ofSeconds(1));
        TreeMount mount = mount(store)) {
      List<Future<byte[]>> reads = new ArrayList<>();
      for (int i = 0; i < 5 * MAX_WAITING; i++) {
        Path file = file(mount, i);
        reads.add(readers.submit(() -> Files.readAllBytes(file)));
      }
      for (Future<byte[]> read : reads) {
        assertThatThrownBy(() -> read.get(30, TimeUnit.SECONDS))
            .hasMessageContaining("Input/output error");
      }
      assertThat(store.store.stats().failedReads()).isEqualTo(5 * MAX_WAITING);
      source.gate.countDown();
      assertThat(file(mount, 0)).hasBinaryContent(bytes(0));
    }
  }

  @Test
  void whoIsKilledWaitsNoLongerWhetherItsRequestIsAnsweredOrHeld() throws Exception {
    try (TestStore store = store(Duration.ofMinutes(1));
        TreeMount mount = mount(store)) {
      List<Process> cats = new ArrayList<>();
      for (int i = 0; i < 3 * MAX_WAITING; i++) {
        cats.add(new ProcessBuilder("cat", file(mount, i).toString()).start());
      }
      await("requests to wait", () -> waitingRequests() == MAX_WAITING);
      for (Process cat : cats.reversed()) {
        cat.destroyForcibly();
        assertThat(cat.waitFor(10, TimeUnit.SECONDS)).isTrue();
      }
      assertThat(store.store.stats().failedReads()).isZero();

      source.gate.countDown();
      assertThat(file(mount, 0)).hasBinaryContent(bytes(0));
    }
  }

  @Test
  void aSignalThatAProgramCatchesDisturbsNoRead() throws Exception {
    try (TestStore store = store(Duration.ofMinutes(1));
        TreeMount mount = mount(store)) {
      Process perl =
          new ProcessBuilder(
                  "perl",
                  "-e",
                  "$SIG{USR1} = sub {}; open(F, '<', $ARGV[0]) or die $!; print length(<F>)",
                  file(mount, 0).toString())
              .redirectErrorStream(true)
              .start();
      await("it to wait", () -> waitingRequests() == 1);
      Commands.run("kill", "-USR1", Long.toString(perl.pid()));
      Commands.run("ls", mount.target().toString());
      source.gate.countDown();
      assertThat(new String(perl.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
          .containsOnlyDigits();
    }
  }

  @Test
  void anAbortByTheKernelEndsTheMountAndAllWaiting() throws Exception {
    try (TestStore store = store(Duration.ofMinutes(1));
        TreeMount mount = mount(store)) {
      List<Future<byte[]>> reads = new ArrayList<>();
      for (int i = 0; i < 3 * MAX_WAITING; i++) {
        Path file = file(mount, i);
        reads.add(readers.submit(() -> Files.readAllBytes(file)));
      }
      await("requests to wait", () -> waitingRequests() == MAX_WAITING);
      Commands.run("umount", "--force", "--lazy", target.toString());
      assertThat(mount.awaitEnd(Duration.ofSeconds(10))).isTrue();
      for (Future<byte[]> read : reads) {
        assertThatThrownBy(() -> read.get(10, TimeUnit.SECONDS))
            .hasCauseInstanceOf(IOException.class);
      }
    }
  }

  private TestStore store(Duration timeout) throws IOException {
    return TestStore.open(
            temp.resolve("store"),
            config ->
                config.withoutContentMount().withMaxWaiting(MAX_WAITING).withFetchTimeout(timeout),
            source.with(image))
        .add("app", image);
  }

  private TreeMount mount(TestStore store) throws IOException {
    return store.store.mountTree("app", image.index(), target, TreeMountOptions.OWN);
  }

  private static Path file(TreeMount mount, int number) {
    return mount.target().resolve("file%06d".formatted(number));
  }

  private static byte[] bytes(int file) {
    return FakeImage.bytes(file, 20_000);
  }

  private static long requestThreads() {
    return allRequestThreads().count();
  }

  /** Requests whose bytes have not come yet. */
  private static long waitingRequests() {
    return allRequestThreads()
        .filter(thread -> thread.getState() == Thread.State.TIMED_WAITING)
        .count();
  }

  private static Stream<Thread> allRequestThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals("tree-request"));
  }

  /** Readers that are in the system call that opens their file. */
  private static long waitingInSystemCalls() {
    return Thread.getAllStackTraces().values().stream()
        .filter(stack -> stack.length > 0 && stack[0].getMethodName().equals("open0"))
        .count();
  }

  private static void await(String what, BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as(what).isLessThan(deadline);
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }
}
