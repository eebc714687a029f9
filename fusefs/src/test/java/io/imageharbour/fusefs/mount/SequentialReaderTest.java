package io.imageharbour.fusefs.mount;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class SequentialReaderTest {

  private static final long KIB = 1024;

  @Example
  void readingInOrderFetchesAsMuchAheadAsWasRead() {
    SequentialReader reader = new SequentialReader();
    long ahead = 0;
    for (long offset = 0; offset < 64 * KIB * KIB; offset += 128 * KIB) {
      ahead = reader.read(offset, 128 * KIB) - offset - 128 * KIB;
      assertThat(ahead).isLessThanOrEqualTo(offset + 128 * KIB);
    }
    assertThat(ahead).isEqualTo(SequentialReader.MAX_AHEAD);
  }

  @Example
  void readsOfTheKernelsReadaheadMayComeInAnotherOrder() {
    SequentialReader reader = new SequentialReader();
    reader.read(128 * KIB, 128 * KIB);
    reader.read(0, 128 * KIB);
    reader.read(384 * KIB, 128 * KIB);
    assertThat(reader.read(256 * KIB, 128 * KIB)).isGreaterThan(512 * KIB);
  }

  @Property
  void readingHereAndThereFetchesNothingAhead(
      @ForAll @Size(min = 1, max = 50) List<@IntRange(max = 1000) Integer> megabytes) {
    SequentialReader reader = new SequentialReader();
    int last = -1;
    for (int megabyte : megabytes) {
      if (megabyte == last) {
        continue;
      }
      last = megabyte;
      long offset = 2L * megabyte * KIB * KIB;
      assertThat(reader.read(offset, 128 * KIB)).isEqualTo(offset + 128 * KIB);
    }
  }
}
