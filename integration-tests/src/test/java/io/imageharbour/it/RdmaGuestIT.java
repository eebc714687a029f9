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

  @TestFactory
  List<DynamicTest> testsOfTheMemoryPool(SharedTestbed testbed) throws Exception {
    return run(testbed, "guest", kernel(), "pool-agent", List.of());
  }

  @TestFactory
  List<DynamicTest> theWholeWay(SharedTestbed testbed) throws Exception {
    SharedTestbed.Converted converted = testbed.small();
    return run(
        testbed,
        "whole",
        GuestKernel.forIndexImages(System.out::println),
        "integration-tests",
        List.of(
            "-Dharbour.tree=" + testbed.tree().directory(),
            property(PoolInGuest.STORAGE, testbed.registry().storage()),
            property(PoolInGuest.PORT, testbed.registry().port()),
            property(PoolInGuest.ORIGINAL, converted.original()),
            property(PoolInGuest.CONVERTED, converted.reference())));
  }

  /** Runs all tests of a module that are for the guest, in a guest of their own. */
  private static List<DynamicTest> run(
      SharedTestbed testbed,
      String name,
      GuestKernel kernel,
      String moduleName,
      List<String> properties)
      throws Exception {
    Guest guest = new Guest(testbed.workspace(), name, kernel, System.out::println);
    Path module = HarbourTree.checkout().resolve(moduleName);
    List<String> flags =
        new ArrayList<>(List.of(System.getProperty("harbour.jvm.flags").split("\\s+")));
    flags.addAll(properties);
    long start = System.nanoTime();
    List<GuestTests.Result> results =
        new GuestTests(guest, flags).run(module, guestClasses(module), Duration.ofMinutes(15));
    System.out.printf(
        "%d tests of %s in the guest: %d ms in all%n",
        results.size(), moduleName, (System.nanoTime() - start) / 1_000_000);
    return results.stream().map(RdmaGuestIT::asTest).toList();
  }

  private static String property(String name, Object value) {
    return "-D" + name + "=" + value;
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
