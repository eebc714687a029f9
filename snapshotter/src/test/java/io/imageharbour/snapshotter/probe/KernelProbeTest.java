package io.imageharbour.snapshotter.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.fusefs.linux.MountTable;
import io.imageharbour.fusefs.linux.Mounts;
import io.imageharbour.snapshotter.mounts.ErofsBacking;
import io.imageharbour.snapshotter.mounts.IndexMounting;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On the kernel that runs the tests, which can do everything. */
class KernelProbeTest {

  @Test
  void thisMachineRunsIndexImagesAndNothingIsLeftOfTheTrial(@TempDir Path root) throws Exception {
    KernelReport report = KernelProbe.run(root, TreeChoice.AUTO);
    assertThat(report.failures()).isEmpty();
    assertThat(report.indexMounting()).isPresent();
    assertThat(report.findings())
        .allSatisfy(finding -> assertThat(finding.result()).isNotBlank())
        .extracting(Finding::subject)
        .contains("kernel", "EROFS", "data-only layers", "FUSE passthrough");
    assertThat(root).isEmptyDirectory();
    assertThat(MountTable.read()).noneMatch(mount -> mount.target().startsWith(root));
  }

  @Test
  void onTmpfsItWarnsAndFindsAnotherWayToMountImages(@TempDir Path directory) throws Exception {
    Path tmpfs = Files.createDirectory(directory.resolve("tmpfs"));
    Mounts.mount("tmpfs", tmpfs, "tmpfs", 0, "");
    try {
      KernelReport report = KernelProbe.run(tmpfs, TreeChoice.AUTO);
      assertThat(report.findings())
          .anyMatch(
              finding ->
                  finding.level() == Finding.Level.WARNING
                      && finding.result().startsWith("tmpfs")
                      && finding.advice().contains("ext4"));
      assertThat(report.indexMounting())
          .contains(new IndexMounting.Erofs(ErofsBacking.LOOP, List.of()));
    } finally {
      Mounts.unmountLazily(tmpfs);
    }
  }

  @Test
  void aTreeOfFuseWorksTooAndNothingIsLeftOfIt(@TempDir Path root) throws Exception {
    KernelReport report = KernelProbe.run(root, TreeChoice.FUSE);
    assertThat(report.failures()).isEmpty();
    assertThat(report.indexMounting()).contains(new IndexMounting.Fuse());
    assertThat(report.findings())
        .extracting(Finding::subject)
        .contains("kernel", "FUSE trees")
        .doesNotContain("EROFS", "content mount");
    assertThat(root).isEmptyDirectory();
    assertThat(MountTable.read()).noneMatch(mount -> mount.target().startsWith(root));
  }

  @Test
  void kernelVersionsAreOrderedByNumber() throws Exception {
    assertThat(KernelVersion.parse("6.12.57+deb13-amd64"))
        .isGreaterThan(KernelVersion.of(6, 9))
        .isLessThan(KernelVersion.of(7, 0))
        .hasToString("6.12.57+deb13-amd64");
    assertThatThrownBy(() -> KernelVersion.parse("linux")).hasMessageContaining("linux");
  }
}
