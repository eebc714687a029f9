package io.imageharbour.cli;

import java.io.IOException;
import java.io.Writer;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code harbourctl completion}. */
@Command(
    name = "completion",
    header = "Print the completion script for bash.",
    description = "zsh takes it too, after \"autoload -U +X bashcompinit && bashcompinit\".",
    footer = {
      "  source <(harbourctl completion)",
      "  harbourctl completion > /etc/bash_completion.d/harbourctl"
    })
final class CompletionCommand implements Callable<Integer> {

  private final HarbourCtl root;

  @Spec private CommandSpec spec = CommandSpec.create();

  CompletionCommand(HarbourCtl root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException {
    Writer out = root.streams().text();
    out.write(AutoComplete.bash("harbourctl", spec.root().commandLine()));
    out.flush();
    return ExitCode.OK;
  }
}
