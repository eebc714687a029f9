package io.imageharbour.testbed.bench;

import java.util.ArrayList;
import java.util.List;

/** The values of one side, in the order they were taken; none where it has no such figure. */
public final class Samples {

  private final List<Double> values = new ArrayList<>();

  void add(double value) {
    values.add(value);
  }

  public boolean isEmpty() {
    return values.isEmpty();
  }

  public List<Double> values() {
    return List.copyOf(values);
  }

  /** By how much its median is larger than that of others, as a factor. */
  public double ratioTo(Samples others) {
    return median() / others.median();
  }

  public double median() {
    List<Double> sorted = values.stream().sorted().toList();
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(middle)
        : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
  }

  public double minimum() {
    return values.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
  }

  public double maximum() {
    return values.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
  }
}
