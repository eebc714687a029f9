package io.imageharbour.cli.progress;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.cli.progress.Progress.Stage;
import io.imageharbour.cli.progress.Progress.Unit;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class BarProgressTest {

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream terminal = new PrintStream(bytes, true, StandardCharsets.UTF_8);

  @Test
  void theLastStateOfEveryStageStays() {
    try (BarProgress progress = new BarProgress(terminal)) {
      Stage layers = progress.stage(Unit.BYTES);
      layers.start("layer 1/2", 1_000);
      layers.advance(1_000);
      layers.finish();
      layers.start("layer 2/2", 2_000);
      layers.advance(500);
      Stage packs = progress.stage(Unit.BYTES);
      packs.start("new packs", Progress.UNKNOWN);
      packs.advance(1_234);
    }
    String drawn = bytes.toString(StandardCharsets.UTF_8);
    assertThat(drawn).contains("layer 2/2", "25 %", "500 B of 2.0 kB", "new packs", "1.2 kB");
    // one line for each stage, redrawn in place
    assertThat(drawn.chars().filter(c -> c == '\n')).hasSize(2);
  }

  @Test
  void linesOfOthersComeAfterTheBars() {
    PrintStream before = System.err;
    try (BarProgress progress = new BarProgress(terminal)) {
      System.err.println("a mirror failed");
      progress.message("harbourctl: warning: no such platform");
      Stage stage = progress.stage(Unit.THINGS);
      stage.start("known packs", 3);
      stage.advance(3);
      stage.finish();
    }
    assertThat(bytes.toString(StandardCharsets.UTF_8))
        .contains("known packs")
        .endsWith("a mirror failed\nharbourctl: warning: no such platform\n");
    assertThat(System.err).isSameAs(before);
  }
}
