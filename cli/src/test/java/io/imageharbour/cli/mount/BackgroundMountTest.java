package io.imageharbour.cli.mount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.HarbourException;
import java.util.List;
import org.junit.jupiter.api.Test;

class BackgroundMountTest {

  @Test
  void theProcessInTheBackgroundGetsTheSameArgumentsAndIsToldWhatItIs() throws Exception {
    assertThat(
            BackgroundMount.command(
                List.of("java", "-cp", "mount", "Main", "-v", "mount", "--", "IMAGE", "mount", ""),
                "Main",
                "mount"))
        .containsExactly(
            "java",
            "-cp",
            "mount",
            "Main",
            "-v",
            "mount",
            "--in-background",
            "--",
            "IMAGE",
            "mount",
            "");
  }

  @Test
  void aCommandLineThatItDoesNotKnowIsRefusedWithAWayOut() {
    assertThatThrownBy(() -> BackgroundMount.command(List.of("java", "Other"), "Main", "mount"))
        .isInstanceOf(HarbourException.class)
        .hasMessageContaining("use --foreground");
  }
}
