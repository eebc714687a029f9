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
  void aWayThatTakesForEverIsGivenUp() {
    assertThatThrownBy(
            () ->
                Ways.inTurns(
                    List.of("endless", "wrong"),
                    way -> SECOND,
                    (way, patience) -> {
                      gone.add(way + " " + patience.toSeconds());
                      throw way.equals("wrong")
                          ? new IOException(way)
                          : new OutOfPatienceException(Digest.EMPTY, patience);
                    }))
        .isInstanceOf(OutOfPatienceException.class);
    assertThat(gone)
        .containsExactly(
            "endless 1", "wrong 1", "endless 2", "endless 4", "endless 8", "endless 16");
  }

  @Test
  void theOnlyWayHasAllTheTimeItTakes() throws Exception {
    Ways.inTurns(
        List.of("only"),
        way -> SECOND,
        (way, patience) -> assertThat(patience.toDays()).isPositive());
  }
}
