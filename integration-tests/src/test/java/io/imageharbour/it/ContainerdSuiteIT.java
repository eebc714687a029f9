package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.HarbourdProcess;
import io.imageharbour.testbed.RegistryAccess;
import io.imageharbour.testbed.TreeKind;
import io.imageharbour.testbed.machine.DebianRelease;
import io.imageharbour.testbed.machine.GoPrograms;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The snapshotter suites of containerd 1.6 and 1.7, in Go, against the socket of a harbourd. */
@ExtendWith(TestbedExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ContainerdSuiteIT {

  private static final Duration LIMIT = Duration.ofMinutes(5);
  private static final int CLIENTS = 4;

  private final GoPrograms programs = new GoPrograms(System.out::println);
  private SharedTestbed testbed;
  private HarbourdProcess harbourd;
  private int clients;

  @BeforeAll
  void startHarbourd(SharedTestbed shared) throws Exception {
    testbed = shared;
    harbourd =
        HarbourdProcess.start(
            testbed.workspace(),
            testbed.tree(),
            "suite",
            "none",
            RegistryAccess.plainHttp(List.of()),
            Optional.empty(),
            TreeKind.AUTO);
  }

  @AfterAll
  void stopHarbourd() throws Exception {
    harbourd.close();
    testbed.workspace().removeDirectory("suite/r");
  }

  @ParameterizedTest
  @EnumSource(names = {"BOOKWORM", "TRIXIE"})
  void aSuitePasses(DebianRelease release) throws Exception {
    assertPassed(suite(release).attempt());
  }

  @ParameterizedTest
  @EnumSource(names = {"BOOKWORM", "TRIXIE"})
  void aSuitePassesForFourClientsAtOnce(DebianRelease release) throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(CLIENTS)) {
      List<Future<Run>> runs = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        Command suite = suite(release);
        runs.add(threads.submit(() -> Run.of(suite)));
      }
      long lastStart = Long.MIN_VALUE;
      long firstEnd = Long.MAX_VALUE;
      for (Future<Run> future : runs) {
        Run run = future.get();
        assertPassed(run.output());
        lastStart = Math.max(lastStart, run.start());
        firstEnd = Math.min(firstEnd, run.end());
      }
      assertThat(firstEnd - lastStart).as("time that all ran in").isPositive();
    }
  }

  /**
   * One client's.
   *
   * @param start of its process, like {@code end} in nanoseconds of {@link System#nanoTime}
   */
  private record Run(Command.Output output, long start, long end) {
    static Run of(Command suite) throws Exception {
      long start = System.nanoTime();
      return new Run(suite.attempt(), start, System.nanoTime());
    }
  }

  /** Another client each time: suites leave snapshots, and give them the same names. */
  private Command suite(DebianRelease release) throws Exception {
    clients++;
    Path socket = HarbourdProcess.socket(testbed.workspace(), "suite");
    return Command.of(programs.snapshotterSuite(release), "-test.v")
        .withEnvironment("HARBOUR_SOCKET", socket.toString())
        .withEnvironment("HARBOUR_CLIENT", "client" + clients)
        .withEnvironment("TMPDIR", testbed.workspace().directory("tmp").toString())
        .withTimeout(LIMIT);
  }

  /** containerd's own code skips "Rename" on overlayfs; all others have to pass. */
  private static void assertPassed(Command.Output suite) {
    String said = suite.text() + suite.errors();
    assertThat(suite.exit()).as(said).isZero();
    assertThat(said).doesNotContain("--- FAIL");
    assertThat(said.lines().filter(line -> line.contains("--- SKIP")))
        .allMatch(line -> line.contains("TestSuite/Rename "));
    assertThat(said.lines().filter(line -> line.contains("--- PASS: TestSuite/")))
        .hasSizeGreaterThanOrEqualTo(20);
  }
}
