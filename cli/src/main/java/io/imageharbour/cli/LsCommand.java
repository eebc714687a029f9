package io.imageharbour.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import io.imageharbour.cli.text.Json;
import io.imageharbour.cli.tree.ImageTree;
import io.imageharbour.cli.tree.JsonListing;
import io.imageharbour.cli.tree.Place;
import io.imageharbour.cli.tree.TextListing;
import io.imageharbour.indexer.registry.RegistryClient;
import java.io.IOException;
import java.io.Writer;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code harbourctl ls}. */
@Command(
    name = "ls",
    header = "List files of an index image.",
    description = {
      "Fetches the index only, no contents. Names are shown as by ls -b: what is not printable"
          + " UTF-8 is escaped as in C."
    },
    footer = {
      "  harbourctl ls registry.example.com/python:3.12-harbour",
      "  harbourctl ls -lh registry.example.com/python:3.12-harbour /usr/bin",
      "  harbourctl ls -R --json IMAGE | jq -r '.[] | select(.size > 1e6) | .path'"
    })
final class LsCommand implements Callable<Integer> {

  private final HarbourCtl root;

  @Mixin private final ImageArgument image = new ImageArgument();

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "PATH",
      defaultValue = "/",
      description =
          "A path in the image, as it is or as ls shows it (default: the root directory).")
  private String path = "/";

  @Option(names = "-l", description = "Show mode, links, owner, group, size and time (UTC).")
  private boolean longFormat;

  @Option(names = "-R", description = "List directories below it too.")
  private boolean recursive;

  @Option(names = "-h", description = "With -l, show sizes in units.")
  private boolean humanSizes;

  @Option(names = "--json", description = "Print an array of objects with all metadata.")
  private boolean json;

  LsCommand(HarbourCtl root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    ImageTree tree;
    try (RegistryClient client = image.client()) {
      tree = new ImageTree(image.open(client).index());
    }
    Place place = tree.resolve(path, !longFormat);
    Writer out = root.streams().text();
    if (json) {
      try (JsonGenerator generator = Json.generator(out)) {
        new JsonListing(tree, recursive).write(place, generator);
      }
      out.write("\n");
    } else {
      new TextListing(tree, longFormat, recursive, humanSizes).write(place, out);
    }
    out.flush();
    return ExitCode.OK;
  }
}
