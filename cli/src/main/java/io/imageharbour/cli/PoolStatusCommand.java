package io.imageharbour.cli;

import io.imageharbour.cli.pool.Answer;
import io.imageharbour.cli.pool.PopularImages;
import io.imageharbour.cli.pool.StatusReport;
import io.imageharbour.cli.text.Quantity;
import io.imageharbour.pool.client.AgentControl;
import io.imageharbour.pool.client.PoolControl;
import io.imageharbour.snapshotter.PoolSettings;
import java.io.IOException;
import java.io.Writer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code harbourctl pool status}. */
@Command(
    name = "status",
    header = "Show the agents of the pool, their memory and their use.",
    description = {
      "Hits and misses are what clients told agents of; what clients read is not seen by agents"
          + " themselves. What is counted is counted since the agent began. With etcd, the agent that"
          + " leads tells which images are started most, whether a full pool takes their files"
          + " (ADMITTED), and how much of them it found in the pool (THERE). Exit code 0 means that"
          + " every agent answered."
    },
    footer = {
      "  harbourctl pool status",
      "  harbourctl pool status --watch",
      "  harbourctl pool status --json | jq .sum.hitRatio",
      "  harbourctl pool status --json | jq '.images[].name'"
    })
final class PoolStatusCommand implements Callable<Integer> {

  /** Has a terminal go to its upper left corner, and forget what it shows. */
  private static final String CLEAR = "\u001b[H\u001b[J";

  private final HarbourCtl root;

  @Option(
      names = "--watch",
      arity = "0..1",
      paramLabel = "SECONDS",
      fallbackValue = "2",
      description = "Show it again and again, with what is read now (every 2 seconds).")
  private Optional<Integer> watch = Optional.empty();

  @Option(names = "--json", description = "Print it as JSON.")
  private boolean json;

  @Mixin private final PoolOptions options = new PoolOptions();

  PoolStatusCommand(HarbourCtl root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (watch.isPresent() && (watch.get() < 1 || watch.get() > 3600)) {
      throw new UsageException("--watch takes 1 to 3600 seconds, not " + watch.get());
    }
    PoolSettings settings = options.settings();
    try (PoolControl pool = PoolOptions.control(settings)) {
      StatusReport report = ask(pool, settings.replicas());
      if (watch.isPresent()) {
        return watch(pool, settings.replicas(), report, Duration.ofSeconds(watch.get()));
      }
      show(report, Optional.empty(), "");
      return PoolFailures.exitCode(report.failures());
    }
  }

  private int watch(PoolControl pool, int replicas, StatusReport first, Duration interval)
      throws IOException {
    boolean clears = root.streams().outIsTerminal() && !json;
    String before = clears ? CLEAR : "";
    StatusReport last = first;
    try {
      show(first, Optional.empty(), before);
      while (true) {
        Thread.sleep(interval);
        StatusReport now = ask(pool, replicas);
        show(now, Optional.of(last), clears || json ? before : "\n");
        last = now;
      }
    } catch (InterruptedException e) {
      // that is how it ends
      return ExitCode.INTERRUPTED;
    }
  }

  private static StatusReport ask(PoolControl pool, int replicas) throws InterruptedException {
    return new StatusReport(
        Answer.ofAll(pool, AgentControl::status),
        PopularImages.of(Answer.ofAll(pool, AgentControl::images), replicas),
        System.nanoTime());
  }

  private void show(StatusReport report, Optional<StatusReport> last, String before)
      throws IOException {
    Writer out = root.streams().text();
    out.write(before);
    if (json) {
      report.writeJson(out);
    } else {
      report.writeText(last, out);
      if (watch.isPresent()) {
        out.write("every " + Quantity.count(watch.get(), "second") + "; Ctrl-C ends it\n");
      }
    }
    out.flush();
  }
}
