package io.imageharbour.pool.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.pool.control.ControlStats;
import io.imageharbour.pool.proto.StatsReply;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class AgentMetricsTest {

  private static final Path DOCUMENT = Path.of("../docs/pool.md");
  private static final Pattern NAME = Pattern.compile("harbour_agent_[a-z_]+[a-z]");

  @Test
  void theMetricsAreThoseThatTheDocumentLists() throws Exception {
    PrometheusRegistry registry =
        AgentMetrics.of(StatsReply::getDefaultInstance, () -> ControlStats.NONE);
    Set<String> names =
        registry.scrape().stream().map(AgentMetricsTest::name).collect(Collectors.toSet());
    String text = Files.readString(DOCUMENT);
    Set<String> documented =
        NAME.matcher(text).results().map(MatchResult::group).collect(Collectors.toSet());
    assertThat(names).isEqualTo(documented).contains("harbour_agent_leading");
  }

  @Test
  void eachSaysWhatItsNameSays() {
    StatsReply stats =
        StatsReply.newBuilder()
            .setCapacity(1)
            .setUsed(2)
            .setLargestFree(3)
            .setFragmentation(0.25)
            .setContents(5)
            .setSessions(6)
            .setStaging(7)
            .setReadsReported(8)
            .setMissesReported(9)
            .setBytesReported(10)
            .setStored(11)
            .setWrong(12)
            .setEvicted(13)
            .setRefused(14)
            .setCrowdedOut(15)
            .setMovedBytes(16)
            .build();
    ControlStats control = new ControlStats(true, 17, 18, 19, 20, 21, 22, 23);
    Map<String, Double> values = new TreeMap<>();
    for (MetricSnapshot metric : AgentMetrics.of(() -> stats, () -> control).scrape()) {
      values.put(name(metric).substring("harbour_agent_".length()), value(metric));
    }
    assertThat(values)
        .containsExactlyInAnyOrderEntriesOf(
            Map.ofEntries(
                Map.entry("capacity_bytes", 1.0),
                Map.entry("used_bytes", 2.0),
                Map.entry("largest_free_bytes", 3.0),
                Map.entry("fragmentation_ratio", 0.25),
                Map.entry("contents", 5.0),
                Map.entry("sessions", 6.0),
                Map.entry("staging_bytes", 7.0),
                Map.entry("reads_total", 8.0),
                Map.entry("missed_reads_total", 9.0),
                Map.entry("read_bytes_total", 10.0),
                Map.entry("stored_contents_total", 11.0),
                Map.entry("wrong_contents_total", 12.0),
                Map.entry("evicted_contents_total", 13.0),
                Map.entry("refused_contents_total", 14.0),
                Map.entry("crowded_out_contents_total", 15.0),
                Map.entry("moved_bytes_total", 16.0),
                Map.entry("leading", 1.0),
                Map.entry("known_images", 17.0),
                Map.entry("admitted_images", 18.0),
                Map.entry("preloads_total", 19.0),
                Map.entry("failed_preloads_total", 20.0),
                Map.entry("preloaded_bytes_total", 21.0),
                Map.entry("unadmitted_contents_total", 22.0),
                Map.entry("dropped_uses_total", 23.0)));
  }

  private static double value(MetricSnapshot metric) {
    return switch (metric.getDataPoints().getFirst()) {
      case CounterSnapshot.CounterDataPointSnapshot count -> count.getValue();
      case GaugeSnapshot.GaugeDataPointSnapshot gauge -> gauge.getValue();
      default -> throw new AssertionError(metric.getMetadata().getName());
    };
  }

  private static String name(MetricSnapshot metric) {
    String name = metric.getMetadata().getPrometheusName();
    return metric instanceof CounterSnapshot ? name + "_total" : name;
  }
}
