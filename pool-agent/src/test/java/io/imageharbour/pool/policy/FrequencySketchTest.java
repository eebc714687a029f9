package io.imageharbour.pool.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class FrequencySketchTest {

  private final FrequencySketch sketch = new FrequencySketch();

  @Test
  void neverSaysLessThanItSawAndSeldomMore() {
    Map<Integer, Integer> seen = new HashMap<>();
    SplittableRandom random = new SplittableRandom(3);
    Traces.Zipf zipf = new Traces.Zipf(1_000, 0.9);
    for (int i = 0; i < 10_000; i++) {
      int name = zipf.next(random);
      sketch.see(name);
      seen.merge(name, 1, (a, b) -> Math.min(FrequencySketch.MOST, a + b));
    }
    int wrong = 0;
    for (Map.Entry<Integer, Integer> entry : seen.entrySet()) {
      assertThat(sketch.frequency(entry.getKey())).isGreaterThanOrEqualTo(entry.getValue());
      wrong += sketch.frequency(entry.getKey()) > entry.getValue() ? 1 : 0;
    }
    assertThat(wrong).isLessThan(seen.size() / 100);
  }

  @Test
  void halvesWhatItSawAfterTenTimesAsManyAsItIsMadeFor() {
    for (int i = 0; i < 12; i++) {
      sketch.see("popular");
    }
    sketch.see("rare");
    for (int i = 13; i < 10 * 1024 - 1; i++) {
      sketch.see("other");
    }
    assertThat(sketch.frequency("popular")).isEqualTo(12);
    assertThat(sketch.frequency("other")).isEqualTo(15);
    sketch.see("other");

    assertThat(sketch.frequency("popular")).isEqualTo(6);
    assertThat(sketch.frequency("other")).isEqualTo(7);
    assertThat(sketch.frequency("rare")).isZero();
  }

  @Test
  void halvesEachCounterByItself() {
    SplittableRandom random = new SplittableRandom(4);
    Traces.Zipf zipf = new Traces.Zipf(1_000, 0.9);
    for (int i = 0; i < 10 * 1024 - 1; i++) {
      sketch.see(zipf.next(random));
    }
    List<Integer> before = new ArrayList<>();
    for (int name = 0; name < 1_000; name++) {
      before.add(sketch.frequency(name));
    }
    assertThat(before.getFirst()).isEqualTo(FrequencySketch.MOST);
    sketch.see(0);

    for (int name = 0; name < 1_000; name++) {
      assertThat(sketch.frequency(name)).isEqualTo(before.get(name) / 2);
    }
  }

  @Test
  void growsWithoutForgetting() {
    List<Integer> before = new ArrayList<>();
    for (int name = 0; name < 500; name++) {
      for (int i = 0; i < name % 16; i++) {
        sketch.see(name);
      }
    }
    for (int name = 0; name < 1_000; name++) {
      before.add(sketch.frequency(name));
    }
    assertThat(sketch.length()).isEqualTo(8 * 1024);
    sketch.grow(5_000);

    assertThat(sketch.length()).isEqualTo(8 * 8192);
    for (int name = 0; name < 1_000; name++) {
      assertThat(sketch.frequency(name)).isEqualTo(before.get(name));
    }
  }
}
