package io.imageharbour.cli.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.cli.text.Table.Align;
import org.junit.jupiter.api.Test;

class TableTest {

  @Test
  void columnsStandUnderEachOtherWithoutSpacesAtTheEnd() {
    Table table = new Table(Align.LEFT, Align.RIGHT, Align.LEFT);
    table.row("a", "1.0 kB", "x");
    table.row("long", "12 B", "");
    assertThat(table.lines()).containsExactly("a     1.0 kB  x", "long    12 B");
  }

  @Test
  void aCharacterOutsideOfTheBasicPlaneCountsOnce() {
    Table table = new Table(Align.LEFT, Align.LEFT);
    table.row("🚢", "x");
    table.row("ab", "y");
    assertThat(table.lines()).containsExactly("🚢   x", "ab  y");
  }

  @Test
  void aRowOfTheWrongLengthIsRefused() {
    Table table = new Table(Align.LEFT, Align.LEFT);
    assertThatThrownBy(() -> table.row("one")).isInstanceOf(IllegalArgumentException.class);
  }
}
