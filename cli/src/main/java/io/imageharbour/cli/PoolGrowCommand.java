package io.imageharbour.cli;

import io.imageharbour.cli.pool.Resizing;
import io.imageharbour.cli.pool.Resizing.Direction;
import io.imageharbour.pool.client.PoolControl;
import io.imageharbour.pool.process.ByteSize;
import java.io.IOException;
import java.io.Writer;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code harbourctl pool grow}. */
@Command(
    name = "grow",
    header = "Have an agent lend more memory of its host.",
    description = {
      "At once, and without a restart. Memory comes in whole slabs (a sixteenth of what the agent"
          + " began with, 16 MiB to 1 GiB). An agent that the host does not give so much lends what"
          + " it got. When the agent starts again it lends what its configuration says."
    },
    footer = {
      "  harbourctl pool grow 8GiB",
      "  harbourctl pool grow 8GiB --agent 10.0.0.7:7410,10.0.0.8:7410"
    })
final class PoolGrowCommand implements Callable<Integer> {

  private final HarbourCtl root;

  @Parameters(paramLabel = "SIZE", description = "What it shall lend, such as 8GiB.")
  private String size = "";

  @Option(names = "--json", description = "Print what was done as a JSON array.")
  private boolean json;

  @Mixin private final PoolOptions options = new PoolOptions();

  PoolGrowCommand(HarbourCtl root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    long wanted = bytes(size);
    try (PoolControl pool = options.chosen()) {
      return resize(Resizing.of(pool, wanted, Direction.GROW), json, root);
    }
  }

  static long bytes(String size) throws UsageException {
    OptionalLong bytes = ByteSize.parse(size);
    if (bytes.isEmpty()) {
      throw new UsageException("SIZE is \"" + size + "\", which must be such as 8GiB or 512MiB");
    }
    return bytes.getAsLong();
  }

  /** Says what became of it. */
  static int resize(Resizing done, boolean json, HarbourCtl root) throws IOException {
    Writer out = root.streams().text();
    if (json) {
      done.writeJson(out);
    } else {
      done.writeText(out);
    }
    out.flush();
    int failed = PoolFailures.report(done.failures(), root);
    return failed == ExitCode.OK && !done.isRight() ? ExitCode.USAGE : failed;
  }
}
