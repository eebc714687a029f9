package io.imageharbour.cli.progress;

import io.imageharbour.cli.text.Quantity;

/**
 * Draws a bar: {@code linux/amd64 layer 2/7 [======> ] 63 % 82.9 MB of 131.9 MB 12.3 MB/s}. What
 * has no room is left out, from the bar on; the line never exceeds the given width.
 */
final class BarRenderer {

  private static final int LABEL_WIDTH = 22;
  private static final int MAX_WIDTH = 110;
  private static final int MIN_BAR = 8;
  // what stands right of the bar has a fixed width, or the bars would dance
  private static final int AMOUNT_WIDTH = 20;
  private static final int RATE_WIDTH = 12;

  private BarRenderer() {}

  static String render(StageState state, int width) {
    int room = Math.min(width, MAX_WIDTH);
    String label = padRight(state.label(), LABEL_WIDTH);
    String figures = padLeft(state.amount(), AMOUNT_WIDTH) + padLeft(state.rate(), RATE_WIDTH);
    String percent =
        state.isTotalKnown() ? padLeft(Quantity.percent(state.done(), state.total()), 6) : "";
    int bar = room - label.length() - 3 - 6 - 1 - figures.length();
    String middle = bar < MIN_BAR ? "" : " " + bar(state, bar) + padLeft(percent, 6);
    String line = label + middle + " " + figures;
    return line.length() <= width ? line : line.substring(0, Math.max(0, width));
  }

  private static String bar(StageState state, int length) {
    if (!state.isTotalKnown()) {
      return " ".repeat(length + 2);
    }
    double part = state.total() == 0 ? 1 : Math.clamp((double) state.done() / state.total(), 0, 1);
    int full = (int) (part * length);
    String head = full < length ? ">" : "";
    return "[" + "=".repeat(full) + head + " ".repeat(length - full - head.length()) + "]";
  }

  private static String padLeft(String text, int width) {
    return " ".repeat(Math.max(0, width - text.length())) + text;
  }

  private static String padRight(String text, int width) {
    return text + " ".repeat(Math.max(0, width - text.length()));
  }
}
