package io.imageharbour.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.snapshotter.probe.Finding;
import io.imageharbour.snapshotter.probe.Finding.Level;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DockerCheckupTest {

  @TempDir private Path directory = Path.of("");

  @Test
  void aMachineWithoutDockersConfigurationHasNothingToFind() {
    assertThat(DockerCheckup.run(directory.resolve("daemon.json"))).isEmpty();
  }

  @Test
  void dockerWithItsImagesInContainerdIsWell() throws Exception {
    assertThat(
            check(
                """
                {"features": {"containerd-snapshotter": true}, "storage-driver": "harbour"}
                """))
        .singleElement()
        .returns(Level.GOOD, Finding::level)
        .returns("uses the snapshotter harbour", Finding::result);
  }

  @Test
  void dockerThatDoesNotStartForLackOfTheFeatureIsTold() throws Exception {
    assertThat(check("{\"storage-driver\": \"harbour\"}"))
        .singleElement()
        .returns(Level.WARNING, Finding::level)
        .extracting(Finding::advice)
        .asString()
        .contains("\"containerd-snapshotter\": true");
  }

  @Test
  void dockerThatUsesAnotherStorageDriverIsWell() throws Exception {
    assertThat(check("{\"storage-driver\": \"overlay2\"}"))
        .singleElement()
        .returns(Level.GOOD, Finding::level)
        .returns("uses overlay2, not harbour", Finding::result);
    assertThat(check("{}")).singleElement().returns(Level.GOOD, Finding::level);
  }

  @Test
  void aConfigurationThatIsNoJsonIsAWarning() throws Exception {
    assertThat(check("{storage")).singleElement().returns(Level.WARNING, Finding::level);
  }

  private List<Finding> check(String configuration) throws IOException {
    return DockerCheckup.run(Files.writeString(directory.resolve("daemon.json"), configuration));
  }
}
