package io.imageharbour.fusefs.mount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WaysTest {

  private static final Duration SECOND = Duration.ofSeconds(1);

  private final List<String> gone = new ArrayList<>();

  @Test
  void waysThatTakeLongHaveTheirTurnsAndEachTimeTwiceAsLong() throws Exception {
    Ways.inTurns(
        List.of("wrong", "slow", "slower"),
        way -> SECOND,
        (way, patience) -> {
          gone.add(way + " " + patience.toSeconds());
          if (way.equals("wrong")) {
            throw new IOException("it does not lead there");
          }
          if (patience.toSeconds() < (way.equals("slow") ? 4 : 8)) {
            throw new OutOfPatienceException(Digest.EMPTY, patience);
          }
        });
    assertThat(gone)
        .containsExactly("wrong 1", "slow 1", "slower 1", "slow 2", "slower 2", "slow 4");
  }

  @Test
  void theLastThatIsLeftHasAllTheTimeItTakes() {
    assertThatThrownBy(
            () ->
                Ways.inTurns(
                    List.of("wrong", "last"),
                    way -> SECOND,
                    (way, patience) -> {
                      gone.add(way + " " + (patience.toDays() > 365));
                      throw new IOException(way);
                    }))
        .hasMessage("last")
        .satisfies(failure -> assertThat(failure.getSuppressed()).hasSize(1));
    assertThat(gone).containsExactly("wrong false", "last true");
  }
}
