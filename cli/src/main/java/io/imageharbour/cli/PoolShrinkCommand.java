package io.imageharbour.cli;

import io.imageharbour.cli.pool.Resizing;
import io.imageharbour.cli.pool.Resizing.Direction;
import io.imageharbour.pool.client.PoolControl;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code harbourctl pool shrink}. */
@Command(
    name = "shrink",
    header = "Have an agent give memory back to its host.",
    description = {
      "At once, and without a restart. Memory comes and goes in whole slabs (a sixteenth of what"
          + " the agent began with, 16 MiB to 1 GiB), and one slab stays. Contents of slabs that go"
          + " move to others while there is room, and else are given up: containers read them from"
          + " the registry then. When the agent starts again it lends what its configuration says."
    },
    footer = {
      "  harbourctl pool shrink 2GiB",
      "  harbourctl pool shrink 2GiB --agent 10.0.0.7:7410"
    })
final class PoolShrinkCommand implements Callable<Integer> {

  private final HarbourCtl root;

  @Parameters(
      paramLabel = "SIZE",
      description = "What it shall still lend, such as 2GiB or 512MiB.")
  private String size = "";

  @Option(names = "--json", description = "Print what was done as a JSON array.")
  private boolean json;

  @Mixin private final PoolOptions options = new PoolOptions();

  PoolShrinkCommand(HarbourCtl root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    long wanted = PoolGrowCommand.bytes(size);
    try (PoolControl pool = options.chosen()) {
      return PoolGrowCommand.resize(Resizing.of(pool, wanted, Direction.SHRINK), json, root);
    }
  }
}
