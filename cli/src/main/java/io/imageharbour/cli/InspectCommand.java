package io.imageharbour.cli;

import io.imageharbour.indexer.registry.RegistryClient;
import java.io.IOException;
import java.io.Writer;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code harbourctl inspect}. */
@Command(
    name = "inspect",
    header = "Show what an index image is made of.",
    description = {
      "For every platform: digests, the image that was converted, whether it can be restored, what"
          + " it runs, files and their different contents, and which packs hold them. Fetches index"
          + " and recipe, no contents."
    },
    footer = {
      "  harbourctl inspect registry.example.com/python:3.12-harbour",
      "  harbourctl inspect --json IMAGE | jq '.platforms[].packs[].size'"
    })
final class InspectCommand implements Callable<Integer> {

  private final HarbourCtl root;

  @Mixin private final ImageArgument image = new ImageArgument();

  @Option(names = "--json", description = "Print it as JSON.")
  private boolean json;

  InspectCommand(HarbourCtl root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    ImageReport report;
    try (RegistryClient client = image.client()) {
      report = ImageReport.of(image.openAll(client));
    }
    Writer out = root.streams().text();
    if (json) {
      report.writeJson(out);
    } else {
      report.writeText(out);
    }
    out.flush();
    return ExitCode.OK;
  }
}
