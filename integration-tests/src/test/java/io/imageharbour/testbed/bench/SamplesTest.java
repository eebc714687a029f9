package io.imageharbour.testbed.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class SamplesTest {

  @Test
  void theMedianIsTheMiddleValueOrTheMeanOfTheTwoInTheMiddle() {
    assertThat(samples(9, 1, 4).median()).isEqualTo(4);
    assertThat(samples(9, 1, 4, 3).median()).isEqualTo(3.5);
  }

  private static Samples samples(double... values) {
    Samples samples = new Samples();
    for (double value : values) {
      samples.add(value);
    }
    return samples;
  }
}
