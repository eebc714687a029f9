package io.imageharbour.snapshotter.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.snapshotter.Configurations;
import io.imageharbour.snapshotter.Daemon;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The metrics of a daemon that runs. */
class MetricsTest {

  private static final Path DOCUMENT = Path.of("../docs/operations.md");
  private static final Pattern NAME = Pattern.compile("harbour_[a-z_]+");

  @TempDir private Path directory;

  @Test
  void theMetricsAreThoseThatTheDocumentLists() throws Exception {
    String address = "127.0.0.1:" + freePort();
    Path token = directory.resolve("token");
    Files.writeString(token, "no-agent-asks-for-this-token");
    String settings =
        """
        metrics-address = "%s"
        [pool]
        agents = ["127.0.0.1:%d"]
        token-file = "%s"
        """
            .formatted(address, freePort(), token);
    try (Daemon daemon = Daemon.start(Configurations.in(directory, settings));
        HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<String> answer = get(client, "http://" + address + "/metrics");
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.headers().firstValue("Content-Type").orElse(""))
          .startsWith("text/plain; version=0.0.4");
      List<String> samples =
          answer.body().lines().filter(line -> !line.startsWith("#")).sorted().toList();
      assertThat(samples)
          .contains(
              "harbour_content_opens_total 0.0",
              "harbour_snapshots{type=\"index\"} 0.0",
              "harbour_snapshots{type=\"ordinary\"} 0.0",
              "harbour_source_fetches_total{source=\"registry\"} 0.0");
      assertThat(samples.stream().map(sample -> sample.split("[{ ]", 2)[0]).distinct())
          .containsExactlyInAnyOrderElementsOf(documented());
      assertThat(get(client, "http://" + address + "/metrics/more").statusCode()).isEqualTo(404);
    }
  }

  private static List<String> documented() throws Exception {
    String text = Files.readString(DOCUMENT);
    int begin = text.indexOf("\n## Metrics\n");
    assertThat(begin).as("%s has a section on metrics", DOCUMENT).isPositive();
    String section = text.substring(begin, text.indexOf("\n## ", begin + 1));
    return NAME.matcher(section).results().map(MatchResult::group).toList();
  }

  private static HttpResponse<String> get(HttpClient client, String url) throws Exception {
    return client.send(
        HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(30)).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private static int freePort() throws Exception {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
