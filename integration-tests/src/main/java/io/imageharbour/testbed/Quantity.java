package io.imageharbour.testbed;

import java.util.Locale;

/** What a figure is a figure of, and how it is shown. */
public enum Quantity {
  SECONDS("s") {
    @Override
    public String show(double value) {
      return String.format(Locale.ROOT, value < 10 ? "%.2f s" : "%.1f s", value);
    }
  },

  /** Shown in decimal multiples, as registries and networks count. */
  BYTES("B") {
    @Override
    public String show(double value) {
      return value < 1e6
          ? String.format(Locale.ROOT, "%.1f kB", value / 1e3)
          : String.format(Locale.ROOT, "%.1f MB", value / 1e6);
    }
  };

  private final String unit;

  Quantity(String unit) {
    this.unit = unit;
  }

  /** The unit of the bare number. */
  public String unit() {
    return unit;
  }

  /** The value as people read it. */
  public abstract String show(double value);
}
