package io.imageharbour.testbed.bench.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.HarbourException;
import org.junit.jupiter.api.Test;

final class PerftestReadsTest {

  private static final String OUTPUT =
      """
       TX depth        : 16
       Mtu             : 4096[B]
       local address: LID 0000 QPN 0x0011 PSN 0x9bd3ec
       #bytes #iterations    t_min[usec]    t_max[usec]  t_typical[usec]    t_avg[usec]    t_stdev[usec]   99% percentile[usec]   99.9% percentile[usec]
       4096    1000          201.10         1200.00        230.10     \t       235.00       \t10.00\t\t300.00  \t\t800.00
      """;

  @Test
  void theFiguresAreInTheLineThatBeginsWithTheSize() throws Exception {
    assertThat(PerftestReads.row(OUTPUT, 4096, 9))
        .containsExactly(4096, 1000, 201.1, 1200, 230.1, 235, 10, 300, 800);
  }

  @Test
  void outputWithoutFiguresIsRefusedAndShown() {
    assertThatThrownBy(() -> PerftestReads.row("Couldn't connect to 10.77.0.1:18515", 4096, 9))
        .isInstanceOf(HarbourException.class)
        .hasMessageContaining("4096 bytes")
        .hasMessageContaining("Couldn't connect");
  }
}
