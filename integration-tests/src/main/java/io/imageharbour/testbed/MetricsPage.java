package io.imageharbour.testbed;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/**
 * What a daemon tells Prometheus.
 *
 * @param endpoint where it does, {@code host:port}
 */
record MetricsPage(String endpoint) {

  /**
   * The sum of a metric over all its labels; 0 where there is none of that name.
   *
   * @param name of the metric, or with labels as they stand on the page
   */
  double sum(String name) throws IOException {
    String text;
    try (InputStream in = URI.create("http://" + endpoint + "/metrics").toURL().openStream()) {
      text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    return text.lines()
        .filter(line -> line.startsWith(name + " ") || line.startsWith(name + "{"))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }
}
