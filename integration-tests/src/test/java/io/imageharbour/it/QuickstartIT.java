package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** {@code ./dev quickstart}, in a directory of the test's own. */
@ExtendWith(TestbedExtension.class)
final class QuickstartIT {

  private static final Pattern PERCENT = Pattern.compile("(\\d+) %");
  private static final Pattern CONFIGURATION =
      Pattern.compile("harbourctl pool status --config (\\S+)");

  @Test
  void withAPoolItShowsAThirdColumnAndAllOfItGoesAgain(SharedTestbed testbed) throws Exception {
    Path directory = testbed.workspace().directory().resolve("q");
    String image = testbed.converted("debian", testbed.images().debian()).original();
    try {
      String shown =
          quickstart(testbed, directory, "--pool", image, "sha256sum", "/bin/sh", "/bin/ls");

      assertThat(shown).contains("and pool", "With the pool: the index alone.");
      List<Integer> fetched = percentages(shown, "bytes fetched");
      assertThat(fetched).hasSize(2);
      assertThat(fetched.getLast()).isLessThan(fetched.getFirst());
      assertThat(percentages(shown, "time to first output")).hasSize(2);
      String configuration =
          CONFIGURATION.matcher(shown).results().findFirst().orElseThrow().group(1);
      assertThat(
              testbed.tree().harbourctl("pool", "status", "--config", configuration).run().text())
          .contains("agent");

      assertThat(quickstart(testbed, directory, "--down")).contains("Removed every process");
      assertThat(directory).doesNotExist();
      assertThat(Workspace.at(directory).processes()).isEmpty();
      assertThat(Workspace.at(directory).mounts()).isEmpty();
    } finally {
      Workspace.remove(directory);
    }
  }

  /** The ratios in a row of the table. */
  private static List<Integer> percentages(String shown, String row) {
    String line = shown.lines().filter(each -> each.startsWith(row)).findFirst().orElseThrow();
    return PERCENT
        .matcher(line)
        .results()
        .map((MatchResult found) -> Integer.valueOf(found.group(1)))
        .toList();
  }

  private static String quickstart(SharedTestbed testbed, Path directory, Object... arguments)
      throws IOException, InterruptedException {
    return Command.of(Path.of(System.getProperty("java.home"), "bin/java"))
        .withArguments("--enable-native-access=ALL-UNNAMED")
        .withArguments("-Dharbour.tree=" + testbed.tree().directory())
        .withArguments("-Dharbour.quickstart=" + directory)
        .withArguments(
            "-cp", "target/classes:" + Files.readString(Path.of("target/classpath")).strip())
        .withArguments("io.imageharbour.testbed.Quickstart")
        .withArguments(arguments)
        .withTimeout(Duration.ofMinutes(5))
        .run()
        .text();
  }
}
