package io.imageharbour.snapshotter.service;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.snapshotter.Configurations;
import io.imageharbour.snapshotter.Daemon;
import io.imageharbour.snapshotter.HarbourdConfig;
import io.imageharbour.snapshotter.Programs;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** containerd's own snapshotter suite, in Go, against the real socket. */
class ContainerdSuiteTest {

  @Test
  void containerdsSnapshotterSuitePasses(@TempDir Path temporary) throws Exception {
    Path program = temporary.resolve("suite.test");
    Programs.buildGo(Path.of("src/test/go/suite"), "test", program);
    HarbourdConfig config = Configurations.in(temporary);
    try (Daemon daemon = Daemon.start(config)) {
      Programs.Result result =
          Programs.run(
              temporary,
              Map.of("HARBOUR_SOCKET", config.address().toString()),
              program.toString(),
              "-test.v");
      assertThat(result.exitCode()).as(result.output()).isZero();
      assertThat(result.output()).doesNotContain("--- FAIL");
      // containerd's own code skips "Rename" on overlayfs; how many there are depends on its
      // version
      assertThat(result.output().lines().filter(line -> line.contains("--- PASS: TestSuite/")))
          .hasSizeGreaterThanOrEqualTo(20);
    }
  }
}
