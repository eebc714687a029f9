package io.imageharbour.pool.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AccessFrequencyTest {

  private static final Duration HOUR = Duration.ofHours(1);

  @Test
  void halfOfItIsLeftAfterAHalfLife() {
    AccessFrequency eight = new AccessFrequency(8, 10_000);

    assertThat(eight.at(10_000, HOUR)).isEqualTo(8);
    assertThat(eight.at(10_000 + 3600, HOUR)).isEqualTo(4);
    assertThat(eight.at(10_000 + 3 * 3600, HOUR)).isEqualTo(1);
    assertThat(eight.at(AccessFrequency.LATEST, HOUR)).isZero();
  }

  @Test
  void aClockThatIsBehindDoesNotMakeItGrow() {
    assertThat(new AccessFrequency(8, 10_000).at(0, HOUR)).isEqualTo(8);
  }

  /** The sum over all accesses of what is left of each. */
  @Property
  void itIsTheSameInWhateverOrderAccessesAreCounted(
      @ForAll @Size(max = 20) List<@LongRange(min = 0, max = 100_000) Long> times,
      @ForAll @IntRange(min = 1, max = 50_000) int halfLife) {
    Duration half = Duration.ofSeconds(halfLife);
    AccessFrequency frequency = AccessFrequency.NONE;
    double expected = 0;
    for (long time : times) {
      frequency = frequency.plus(1, time, half);
      expected += Math.exp(-Math.log(2) * (200_000 - time) / halfLife);
    }
    assertThat(frequency.at(200_000, half)).isCloseTo(expected, within(1e-9 * times.size() + 1e-9));
  }

  @Property
  void itNeverLeavesItsRange(
      @ForAll @DoubleRange(min = 0, max = AccessFrequency.MOST) double value,
      @ForAll @DoubleRange(min = 0, max = AccessFrequency.MOST) double more,
      @ForAll @LongRange(min = 0, max = AccessFrequency.LATEST) long then,
      @ForAll @LongRange(min = 0, max = AccessFrequency.LATEST) long now) {
    AccessFrequency sum = new AccessFrequency(value, then).plus(more, now, HOUR);
    assertThat(sum.value()).isBetween(0.0, AccessFrequency.MOST);
    assertThat(sum.epochSecond()).isEqualTo(Math.max(then, now));
  }

  @ParameterizedTest
  @ValueSource(doubles = {-1, Double.NaN, Double.POSITIVE_INFINITY, 1e300})
  void impossibleCountsAreRefused(double value) {
    assertThatThrownBy(() -> new AccessFrequency(value, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
