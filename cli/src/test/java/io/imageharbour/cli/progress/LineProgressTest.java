package io.imageharbour.cli.progress;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.cli.progress.Progress.Stage;
import io.imageharbour.cli.progress.Progress.Unit;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class LineProgressTest {

  private final AtomicLong clock = new AtomicLong();
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final LineProgress progress =
      new LineProgress(new PrintStream(bytes, true, StandardCharsets.UTF_8), clock::get);

  @Test
  void aLineComesEveryFiveSecondsAndOneAtTheEnd() {
    Stage stage = progress.stage(Unit.BYTES);
    stage.start("layer 1/2", 131_900_000);
    for (int i = 0; i < 110; i++) {
      clock.addAndGet(Duration.ofMillis(100).toNanos());
      stage.advance(1_000_000);
    }
    stage.advance(21_900_000);
    stage.finish();

    assertThat(lines())
        .containsExactly(
            "layer 1/2: 50.0 MB of 131.9 MB (37 %)",
            "layer 1/2: 100.0 MB of 131.9 MB (75 %)", "layer 1/2: 131.9 MB in 11.0 s");
  }

  @Test
  void stagesBesideEachOtherShareTheInterval() {
    Stage one = progress.stage(Unit.BYTES);
    Stage other = progress.stage(Unit.THINGS);
    one.start("new packs", Progress.UNKNOWN);
    other.start("known packs", 3);
    clock.addAndGet(Duration.ofSeconds(6).toNanos());
    one.advance(1_000);
    other.advance(1);
    assertThat(lines()).containsExactly("new packs: 1.0 kB");
  }

  @Test
  void messagesComeAtOnce() {
    progress.message("harbourctl: warning: a mirror failed");
    assertThat(lines()).containsExactly("harbourctl: warning: a mirror failed");
  }

  private Stream<String> lines() {
    return bytes.toString(StandardCharsets.UTF_8).lines();
  }
}
