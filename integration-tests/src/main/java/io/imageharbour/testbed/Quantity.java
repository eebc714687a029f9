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
  },

  /** A short time. */
  LATENCY("s") {
    @Override
    public String show(double value) {
      return value < 1e-6
          ? String.format(Locale.ROOT, "%.0f ns", value * 1e9)
          : value < 1e-3
              ? String.format(Locale.ROOT, value < 1e-5 ? "%.2f µs" : "%.1f µs", value * 1e6)
              : String.format(Locale.ROOT, "%.2f ms", value * 1e3);
    }
  },

  /** Shown in decimal multiples. */
  BANDWIDTH("B/s") {
    @Override
    public String show(double value) {
      return value < 1e9
          ? String.format(Locale.ROOT, value < 1e7 ? "%.2f MB/s" : "%.0f MB/s", value / 1e6)
          : String.format(Locale.ROOT, "%.1f GB/s", value / 1e9);
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
