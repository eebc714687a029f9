package io.imageharbour.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code harbourctl pool}: wires its subcommands. */
@Command(
    name = "pool",
    header = "Look into the memory pool, fill it, and resize it.",
    description = {
      "The pool is memory of hosts that run harbour-agent, where nodes read files of images before"
          + " they ask a registry. On a node of the pool nothing needs to be said about it: the"
          + " agents and their token are those of harbourd's configuration."
    },
    synopsisSubcommandLabel = "COMMAND",
    commandListHeading = "%nCommands:%n",
    footer = {
      "  harbourctl pool status",
      "  harbourctl pool load registry.example.com/python:3.12-harbour",
      "",
      "Each command has a help of its own: harbourctl pool load --help"
    })
final class PoolCommand implements Runnable {

  @Spec private CommandSpec spec = CommandSpec.create();

  private PoolCommand() {}

  static CommandLine commandLine(HarbourCtl root) {
    return new CommandLine(new PoolCommand())
        .addSubcommand(new PoolStatusCommand(root))
        .addSubcommand(new PoolLsCommand(root))
        .addSubcommand(new PoolLoadCommand(root))
        .addSubcommand(new PoolEvictCommand(root))
        .addSubcommand(new PoolShrinkCommand(root))
        .addSubcommand(new PoolGrowCommand(root));
  }

  /** Without a subcommand there is nothing to do but to tell which there are. */
  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }
}
