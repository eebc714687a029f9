package io.imageharbour.fusefs.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.fusefs.table.FrameAddress;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class FrameRunsTest {

  private final FrameRuns runs = new FrameRuns();

  @Example
  void aRunGrows() {
    assertThat(runs.demanded(frame(0, 0))).isZero();
    assertThat(runs.demanded(frame(0, 1))).isEqualTo(1);
    assertThat(runs.demanded(frame(0, 2))).isEqualTo(2);
    assertThat(runs.demanded(frame(0, 3))).isEqualTo(4);
    assertThat(runs.demanded(frame(0, 4))).isEqualTo(8);
  }

  @Example
  void aRunGoesOnBehindWhatWasFetchedAhead() {
    runs.demanded(frame(0, 0));
    runs.demanded(frame(0, 1));
    runs.fetchedAhead(frame(0, 1), frame(0, 2));
    assertThat(runs.demanded(frame(0, 3))).isEqualTo(2);
  }

  @Example
  void readersOfSeveralPacksAreToldApart() {
    for (int pack = 0; pack < 8; pack++) {
      assertThat(runs.demanded(frame(pack, 0))).isZero();
    }
    for (int pack = 0; pack < 8; pack++) {
      assertThat(runs.demanded(frame(pack, 1))).isEqualTo(1);
    }
  }

  @Property
  void framesThatAreAskedForHereAndThereFetchNothingAhead(@ForAll @IntRange(max = 1000) int start) {
    FrameRuns fresh = new FrameRuns();
    for (int i = 0; i < 20; i++) {
      assertThat(fresh.demanded(frame(0, start + 3 * i))).isZero();
    }
  }

  private static FrameAddress frame(int pack, int number) {
    return new FrameAddress(pack, 100L * number, 100, 300);
  }
}
