package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.testbed.HarbourTree;
import io.imageharbour.testbed.guest.Guest;
import io.imageharbour.testbed.guest.GuestKernel;
import io.imageharbour.testbed.guest.GuestTests;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Index images on the kernel of Debian 12, which has no data-only layers, in a guest. */
@ExtendWith(TestbedExtension.class)
final class OldKernelGuestIT {

  @Test
  void containersRunOnTreesThatHarbourdServes(SharedTestbed testbed) throws Exception {
    SharedTestbed.Converted converted = testbed.small();
    Guest guest =
        new Guest(
            testbed.workspace(),
            "old",
            GuestKernel.withoutDataLayers(System.out::println),
            System.out::println);
    List<String> flags =
        new ArrayList<>(List.of(System.getProperty("harbour.jvm.flags").split("\\s+")));
    flags.addAll(
        List.of(
            "-Dharbour.tree=" + testbed.tree().directory(),
            property(FuseTreeOnOldKernel.STORAGE, testbed.registry().storage()),
            property(FuseTreeOnOldKernel.PORT, testbed.registry().port()),
            property(FuseTreeOnOldKernel.CONVERTED, converted.reference())));

    List<GuestTests.Result> results =
        new GuestTests(guest, flags)
            .run(
                HarbourTree.checkout().resolve("integration-tests"),
                List.of(FuseTreeOnOldKernel.class.getName()),
                Duration.ofMinutes(8));

    assertThat(results)
        .singleElement()
        .satisfies(
            result -> {
              assertThat(result.failure()).isEmpty();
              assertThat(result.skipped()).isEmpty();
            });
  }

  private static String property(String name, Object value) {
    return "-D" + name + "=" + value;
  }
}
