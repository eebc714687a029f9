package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.testbed.HarbourTree;
import io.imageharbour.testbed.guest.Guest;
import io.imageharbour.testbed.guest.GuestKernel;
import io.imageharbour.testbed.guest.GuestTests;
import io.imageharbour.testbed.image.TarLayer;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Index images on the kernel of Debian 12, which has no data-only layers, in a guest. */
@ExtendWith(TestbedExtension.class)
final class OldKernelGuestIT {

  @Test
  void containersRunOnTreesThatHarbourdServes(SharedTestbed testbed) throws Exception {
    SharedTestbed.Converted small = testbed.small();
    SharedTestbed.WithLayer odd =
        testbed.withLayer(testbed.odd(), "odd-more", OldKernelGuestIT::writeLayer);
    Guest guest =
        new Guest(
            testbed.workspace(),
            "old",
            GuestKernel.withoutDataLayers(System.out::println),
            System.out::println);
    List<String> flags =
        GuestRegistry.jvmFlags(
            testbed,
            Map.of(
                FuseTreeOnOldKernel.SMALL, small.original(),
                FuseTreeOnOldKernel.SMALL_CONVERTED, small.reference(),
                FuseTreeOnOldKernel.ODD, odd.onOriginal(),
                FuseTreeOnOldKernel.ODD_ON_INDEX, odd.onIndex()));

    List<GuestTests.Result> results =
        new GuestTests(guest, flags)
            .run(
                HarbourTree.checkout().resolve("integration-tests"),
                List.of(FuseTreeOnOldKernel.class.getName()),
                Duration.ofMinutes(10));

    assertThat(results)
        .hasSize(3)
        .allSatisfy(
            result -> {
              assertThat(result.failure()).isEmpty();
              assertThat(result.skipped()).isEmpty();
            });
  }

  /** Hides, replaces and adds to what the odd image has. */
  private static void writeLayer(OutputStream out) throws IOException {
    TarLayer.Attributes file = TarLayer.Attributes.of(0644);
    TarLayer.Attributes directory = TarLayer.Attributes.of(0755);
    try (TarLayer tar = new TarLayer(out)) {
      tar.directory("files", directory);
      tar.file("files/one-byte", file, new byte[] {1, 2});
      tar.whiteout("files", "empty");
      tar.directory("names", directory);
      tar.whiteout("names", "deep");
      tar.directory("xattrs", directory);
      tar.opaque("xattrs");
      tar.file("xattrs/only", file.with("user.only", "yes"), new byte[] {3});
      tar.directory("times", directory);
      tar.hardLink("times/linked", file, "files/one-byte");
    }
  }
}
