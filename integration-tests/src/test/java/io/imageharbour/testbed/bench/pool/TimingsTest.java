package io.imageharbour.testbed.bench.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.testbed.bench.pool.ReadFigures.Kind;
import org.junit.jupiter.api.Test;

final class TimingsTest {

  @Test
  void oneInAHundredIsSlowerThanThe99thPercentile() {
    Timings timings = new Timings(200);
    for (int i = 200; i > 0; i--) {
      timings.add(i * 1000L);
    }
    ReadFigures figures = timings.figures(Kind.KNOWN, 4096, 1, 20_100_000);
    assertThat(figures.median()).isEqualTo(101e-6);
    assertThat(figures.p99()).isEqualTo(199e-6);
  }

  @Test
  void theBandwidthIsThatOfAllReadsTogether() {
    Timings timings = new Timings(4);
    for (int i = 0; i < 4; i++) {
      timings.add(1_000_000);
    }
    ReadFigures figures = timings.figures(Kind.CHANNEL, 1000, 2, 2_000_000);
    assertThat(figures.bandwidth()).isEqualTo(2e6);
  }
}
