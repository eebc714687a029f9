package io.imageharbour.cli.progress;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.cli.progress.Progress.Unit;
import java.time.Duration;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class BarRendererTest {

  @Test
  void aBarSaysWhatHowFarHowMuchAndHowFast() {
    assertThat(BarRenderer.render(state("linux/amd64 layer 2/7", 65_950_000, 131_900_000), 100))
        .isEqualTo(
            "linux/amd64 layer 2/7  [==================>                 ]  50 %  66.0 MB of"
                + " 131.9 MB   33.0 MB/s");
  }

  @Test
  void withoutATotalThereIsNoBar() {
    assertThat(BarRenderer.render(state("new packs", 65_950_000, Progress.UNKNOWN), 80))
        .startsWith("new packs ")
        .doesNotContain("[", "%")
        .endsWith("66.0 MB   33.0 MB/s")
        .hasSameSizeAs(BarRenderer.render(state("new packs", 0, Progress.UNKNOWN), 80));
  }

  @Property
  void noLineIsWiderThanTheTerminal(
      @ForAll @LongRange(min = 0) long done,
      @ForAll @LongRange(min = -1) long total,
      @ForAll @IntRange(min = 0, max = 300) int width) {
    assertThat(BarRenderer.render(state("linux/arm64 layer 12/34", done, total), width))
        .hasSizeLessThanOrEqualTo(width)
        .doesNotContain("\n");
  }

  private static StageState state(String label, long done, long total) {
    return new StageState(label, Unit.BYTES, done, total, Duration.ofSeconds(2));
  }
}
