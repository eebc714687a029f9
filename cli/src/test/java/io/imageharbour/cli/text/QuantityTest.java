package io.imageharbour.cli.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class QuantityTest {

  @Test
  void sizesAreInDecimalUnitsWithOneDigitAfterThePoint() {
    assertThat(Quantity.bytes(0)).isEqualTo("0 B");
    assertThat(Quantity.bytes(999)).isEqualTo("999 B");
    assertThat(Quantity.bytes(1000)).isEqualTo("1.0 kB");
    assertThat(Quantity.bytes(131_900_000)).isEqualTo("131.9 MB");
    assertThat(Quantity.bytes(Long.MAX_VALUE)).isEqualTo("9.2 EB");
  }

  @Test
  void aSizeThatRoundsToAThousandTakesTheNextUnit() {
    assertThat(Quantity.bytes(999_949)).isEqualTo("999.9 kB");
    assertThat(Quantity.bytes(999_950)).isEqualTo("1.0 MB");
  }

  @Property
  void noSizeIsWiderThanEightCharacters(@ForAll @LongRange(min = 0) long bytes) {
    assertThat(Quantity.bytes(bytes)).hasSizeLessThanOrEqualTo(8);
  }

  @Test
  void countsHaveTheirThousandsApartAndTheirNounInTheRightNumber() {
    assertThat(Quantity.count(19_321, "file")).isEqualTo("19,321 files");
    assertThat(Quantity.count(1, "pack")).isEqualTo("1 pack");
  }

  @Test
  void aHundredPerCentIsSaidOnlyWhenItIsAll() {
    assertThat(Quantity.percent(999, 1000)).isEqualTo("99 %");
    assertThat(Quantity.percent(1000, 1000)).isEqualTo("100 %");
    assertThat(Quantity.percent(0, 0)).isEqualTo("100 %");
  }

  @Test
  void timesGetCoarserAsTheyGetLonger() {
    assertThat(Quantity.seconds(Duration.ofMillis(449))).isEqualTo("0.4 s");
    assertThat(Quantity.seconds(Duration.ofMillis(99_949))).isEqualTo("99.9 s");
    assertThat(Quantity.seconds(Duration.ofMillis(99_950))).isEqualTo("1 min 40 s");
    assertThat(Quantity.seconds(Duration.ofSeconds(3725))).isEqualTo("1 h 2 min 5 s");
  }
}
