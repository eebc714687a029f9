package io.imageharbour.cli.text;

import java.util.ArrayList;
import java.util.List;

/**
 * Rows whose columns stand under each other, two spaces apart. Not for several threads.
 *
 * <p>Widths are counted in characters; what goes in has been through {@link Escaped} where it came
 * from outside.
 */
public final class Table {

  /** On which side of its column a cell stands. */
  public enum Align {
    LEFT,
    RIGHT
  }

  private final List<Align> columns;
  private final String gap;
  private final List<List<String>> rows = new ArrayList<>();

  /** A table of columns that are aligned so, two spaces apart. */
  public Table(Align... columns) {
    this("  ", columns);
  }

  /** A table of columns that are aligned so, with {@code gap} between them. */
  public Table(String gap, Align... columns) {
    this.gap = gap;
    this.columns = List.of(columns);
  }

  /** Adds a row with a cell for each column. */
  public void row(String... cells) {
    if (cells.length != columns.size()) {
      throw new IllegalArgumentException(cells.length + " cells for " + columns.size());
    }
    rows.add(List.of(cells));
  }

  /** The rows, without spaces at their ends. */
  public List<String> lines() {
    int[] widths = new int[columns.size()];
    for (List<String> row : rows) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], width(row.get(i)));
      }
    }
    return rows.stream().map(row -> line(row, widths)).toList();
  }

  private String line(List<String> row, int[] widths) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < widths.length; i++) {
      String cell = row.get(i);
      String padding = " ".repeat(widths[i] - width(cell));
      line.append(i == 0 ? "" : gap)
          .append(columns.get(i) == Align.RIGHT ? padding + cell : cell + padding);
    }
    return line.toString().stripTrailing();
  }

  private static int width(String cell) {
    return cell.codePointCount(0, cell.length());
  }
}
