package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.Node;
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
}
