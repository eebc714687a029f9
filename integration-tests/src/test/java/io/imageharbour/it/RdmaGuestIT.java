package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import io.imageharbour.indexer.HarbourException;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.HarbourTree;
import io.imageharbour.testbed.guest.Guest;
import io.imageharbour.testbed.guest.GuestKernel;
import io.imageharbour.testbed.guest.GuestTests;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;

/** RDMA for real, in a guest whose kernel has a device in software. */
@ExtendWith(TestbedExtension.class)
final class RdmaGuestIT {

  /** Test classes that run in the guest, and nowhere else. */
  private static final String SUFFIX = "InGuest";

  private static final String AGAIN = "the guest begins again";
  private static final Duration MINUTES = Duration.ofMinutes(2);

  @Test
  void rdmaWorksInTheGuestWithoutHarbour(SharedTestbed testbed) throws Exception {
    List<String> output = new ArrayList<>();
    Guest guest = new Guest(testbed.workspace(), "rping", kernel(), output::add);
    Guest.Outcome outcome =
        guest.run(
            Command.of(
                    "sh",
                    "-c",
                    """
                    rping -s -a "$1" -C 3 &
                    until rping -c -a "$1" -C 3 -v; do sleep 0.1; done
                    wait
                    exit 23
                    """,
                    "rping",
                    Guest.RDMA_ADDRESS)
                .withTimeout(Duration.ofMinutes(2)));
    assertThat(outcome.exit()).isEqualTo(23);
    assertThat(output).anyMatch(line -> line.startsWith("ping data: rdma-ping-2: "));
    report("rping", outcome);
  }

  @Test
  void aGuestThatTakesTooLongIsKilled(SharedTestbed testbed) throws Exception {
    Guest guest = new Guest(testbed.workspace(), "slow", kernel(), System.out::println);
    assertThatThrownBy(
            () -> guest.run(Command.of("sleep", "1d").withTimeout(Duration.ofSeconds(1))))
        .isInstanceOf(HarbourException.class)
        .hasMessageStartingWith("the guest is still running after 1 s; its console: ");
    assertThat(guests(testbed)).isEmpty();
  }

  /** A machine that stands still for so long looks to its kernel like one that is stuck. */
  @Test
  void aGuestThatLocksUpBeginsAgain(SharedTestbed testbed) throws Exception {
    List<String> output = new CopyOnWriteArrayList<>();
    Guest guest =
        new Guest(
            testbed.workspace(),
            "stuck",
            kernel(),
            line -> {
              output.add(line);
              if (line.equals("stop me")) {
                standStill(testbed);
              }
            });
    Guest.Outcome outcome =
        guest.run(
            Command.of(
                    "sh",
                    "-euc",
                    """
                    [ ! -e "$1" ] || exit 23
                    touch "$1"
                    echo 1 >/proc/sys/kernel/watchdog_thresh
                    echo "stop me"
                    sleep 1d
                    """,
                    "stuck",
                    guest.directory().resolve("again"))
                .withTimeout(Duration.ofMinutes(2)));
    assertThat(outcome.exit()).isEqualTo(23);
    assertThat(output).contains(AGAIN);
  }

  /** Its kernel is told that a second has far fewer ticks than it has. */
  @Test
  void aGuestWhoseClockIsTooFastIsNotUsed(SharedTestbed testbed) throws Exception {
    List<String> output = new CopyOnWriteArrayList<>();
    Guest guest =
        new Guest(testbed.workspace(), "fast", kernel(), output::add)
            .withKernelArguments("tsc_early_khz=100000");
    assertThatThrownBy(() -> guest.run(Command.of("echo", "never").withTimeout(MINUTES)))
        .isInstanceOf(HarbourException.class)
        .hasMessageStartingWith("the guest has a clock that is too fast; its console: ");
    assertThat(output).doesNotContain("never").filteredOn(AGAIN::equals).hasSize(2);
    assertThat(guests(testbed)).isEmpty();
  }

  private static void standStill(SharedTestbed testbed) {
    String pid = Long.toString(guests(testbed).getFirst().pid());
    try {
      Command.of("kill", "-STOP", pid).run();
      LockSupport.parkNanos(Duration.ofSeconds(5).toNanos());
      Command.of("kill", "-CONT", pid).run();
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @TestFactory
  List<DynamicTest> testsOfTheMemoryPool(SharedTestbed testbed) throws Exception {
    return run(testbed, "guest", kernel(), "pool-agent", GuestRegistry.jvmFlags());
  }

  @TestFactory
  List<DynamicTest> theWholeWay(SharedTestbed testbed) throws Exception {
    SharedTestbed.Converted converted = testbed.small();
    return run(
        testbed,
        "whole",
        GuestKernel.forIndexImages(System.out::println),
        "integration-tests",
        GuestRegistry.jvmFlags(
            testbed,
            Map.of(
                PoolInGuest.ORIGINAL, converted.original(),
                PoolInGuest.CONVERTED, converted.reference())));
  }

  /** Runs all tests of a module that are for the guest, in a guest of their own. */
  private static List<DynamicTest> run(
      SharedTestbed testbed,
      String name,
      GuestKernel kernel,
      String moduleName,
      List<String> jvmFlags)
      throws Exception {
    Guest guest = new Guest(testbed.workspace(), name, kernel, System.out::println);
    Path module = HarbourTree.checkout().resolve(moduleName);
    long start = System.nanoTime();
    List<GuestTests.Result> results =
        new GuestTests(guest, jvmFlags).run(module, guestClasses(module), Duration.ofMinutes(15));
    System.out.printf(
        "%d tests of %s in the guest: %d ms in all%n",
        results.size(), moduleName, (System.nanoTime() - start) / 1_000_000);
    return results.stream().map(RdmaGuestIT::asTest).toList();
  }

  private static List<ProcessHandle> guests(SharedTestbed testbed) {
    return testbed.workspace().processes().stream()
        .filter(process -> process.info().command().orElse("").contains("qemu"))
        .toList();
  }

  private static DynamicTest asTest(GuestTests.Result result) {
    return DynamicTest.dynamicTest(
        result.name(),
        () -> {
          // its name as well: Failsafe numbers tests like these
          result.failure().ifPresent(why -> fail(result.name() + " in the guest: " + why));
          result.skipped().ifPresent(why -> skip(result.name() + " in the guest: " + why));
        });
  }

  /** Nothing may be left out where the tests decide whether a change is taken. */
  private static void skip(String why) {
    if ("true".equals(System.getenv("CI"))) {
      fail("skipped, which CI does not accept: " + why);
    }
    abort(why);
  }

  private static List<String> guestClasses(Path module) throws IOException {
    Path classes = module.resolve("target/test-classes");
    try (Stream<Path> files = Files.walk(classes)) {
      return files
          .map(file -> classes.relativize(file).toString())
          .filter(name -> name.endsWith(SUFFIX + ".class"))
          .map(name -> name.substring(0, name.length() - ".class".length()).replace('/', '.'))
          .sorted()
          .toList();
    }
  }

  private static GuestKernel kernel() throws Exception {
    return GuestKernel.cached(System.out::println);
  }

  private static void report(String what, Guest.Outcome outcome) {
    System.out.printf(
        "%s in the guest: %d ms to boot, %d ms in all%n",
        what, outcome.boot().toMillis(), outcome.total().toMillis());
  }
}
