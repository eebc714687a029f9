package io.imageharbour.pool.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.pool.control.ControlStats;
import io.imageharbour.pool.proto.StatsReply;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
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

  private static String name(MetricSnapshot metric) {
    String name = metric.getMetadata().getPrometheusName();
    return metric instanceof CounterSnapshot ? name + "_total" : name;
  }
}
