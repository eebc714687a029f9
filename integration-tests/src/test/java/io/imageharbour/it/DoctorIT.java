package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.Node;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What {@code harbourctl doctor} says of a machine that runs index images. */
@ExtendWith(TestbedExtension.class)
final class DoctorIT {

  @Test
  void aMachineThatIsSetUpIsHealthyAndOneWithoutHarbourdIsNot(SharedTestbed testbed)
      throws Exception {
    try (Node node = testbed.node("d")) {
      Command doctor =
          testbed
              .tree()
              .harbourctl("doctor", "--json", "--root", node.harbourd().root())
              .withArguments("--containerd-config", node.containerd().configuration());

      Command.Output healthy = doctor.attempt();
      assertThat(healthy.exit()).as(healthy.text()).isZero();
      assertThat(new ObjectMapper().readTree(healthy.bytes()).findValuesAsText("level"))
          .hasSizeGreaterThan(3)
          .containsOnly("good");

      node.harbourd().close();
      assertThat(doctor.attempt().exit()).isEqualTo(1);
    }
  }

  /** Without loop devices, and on tmpfs, where files are none for EROFS. */
  @Test
  void whereErofsCanNotBeMountedTreesAreOfFuseUnlessTheConfigurationForbidsIt(SharedTestbed testbed)
      throws Exception {
    Path root = testbed.workspace().directory("no-erofs");

    assertThat(levels(withoutErofs(testbed, root, "auto")))
        .containsEntry("kernel", "good")
        .containsEntry("EROFS with data-only layers", "warning")
        .containsEntry("FUSE trees", "warning");
    assertThat(levels(withoutErofs(testbed, root, "erofs")))
        .containsEntry("EROFS with data-only layers", "failure")
        .doesNotContainKey("FUSE trees");
    assertThat(levels(withoutErofs(testbed, root, "fuse")))
        .containsEntry("FUSE trees", "good")
        .doesNotContainKey("EROFS with data-only layers");
  }

  private static Command withoutErofs(SharedTestbed testbed, Path root, String tree) {
    return Command.of(
            "unshare",
            "--mount",
            "--propagation=private",
            "sh",
            "-euc",
            """
            mount -t tmpfs none "$1"
            mount --bind /dev/null /dev/loop-control
            exec "$2" doctor --json --root "$1" --tree "$3"
            """,
            "doctor")
        .withArguments(root, testbed.tree().directory().resolve("bin/harbourctl"), tree);
  }

  /** What was looked at, and how it is. */
  private static Map<String, String> levels(Command doctor)
      throws IOException, InterruptedException {
    Map<String, String> levels = new TreeMap<>();
    for (JsonNode finding : new ObjectMapper().readTree(doctor.attempt().bytes())) {
      levels.put(finding.get("subject").asText(), finding.get("level").asText());
    }
    return levels;
  }
}
