package io.imageharbour.cli;

import io.imageharbour.cli.pool.Answer;
import io.imageharbour.cli.pool.ContentListing;
import io.imageharbour.cli.pool.ImageShare;
import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.pool.client.AgentControl;
import io.imageharbour.pool.client.PoolControl;
import io.imageharbour.snapshotter.PoolSettings;
import java.io.IOException;
import java.io.Writer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code harbourctl pool ls}. */
@Command(
    name = "ls",
    header = "List what lies in the pool, or how much of images does.",
    description = {
      "Without IMAGE: digest, size and agent of every content. With IMAGE: how much of each lies"
          + " where nodes look for it. That counts the agents as they are listed, so --agent has to"
          + " name all of them, as nodes do."
    },
    footer = {
      "  harbourctl pool ls",
      "  harbourctl pool ls registry.example.com/python:3.12-harbour",
      "  harbourctl pool ls --json | jq 'map(.size) | add'"
    })
final class PoolLsCommand implements Callable<Integer> {

  private final HarbourCtl root;

  @Parameters(
      arity = "0..*",
      paramLabel = "IMAGE",
      description =
          "Index images, or images with their index beside them:"
              + " [HOST[:PORT]/]NAME[:TAG][@DIGEST].")
  private List<ImageReference> images = new ArrayList<>();

  @Option(names = "--json", description = "Print a JSON array.")
  private boolean json;

  @Mixin private final PoolOptions options = new PoolOptions();

  @Mixin private final ImageSource source = new ImageSource();

  PoolLsCommand(HarbourCtl root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    PoolSettings settings = options.settings();
    try (PoolControl pool = PoolOptions.control(settings)) {
      return images.isEmpty() ? listContents(pool) : listImages(pool, settings.replicas());
    }
  }

  private int listContents(PoolControl pool) throws IOException, InterruptedException {
    ContentListing listing = new ContentListing(Answer.ofAll(pool, AgentControl::contents));
    Writer out = root.streams().text();
    if (json) {
      listing.writeJson(out);
    } else {
      listing.writeText(out);
    }
    out.flush();
    return PoolFailures.report(listing.failures(), root);
  }

  private int listImages(PoolControl pool, int replicas) throws IOException, InterruptedException {
    List<ImageShare> shares = new ArrayList<>();
    try (RegistryClient client = source.client()) {
      for (ImageReference image : images) {
        IndexImage opened = source.open(client, image);
        shares.add(
            ImageShare.of(
                image.toString(), opened.platform(), opened.index(), pool.agents(), replicas));
      }
    }
    Writer out = root.streams().text();
    if (json) {
      ImageShare.writeJson(shares, out);
    } else {
      ImageShare.writeText(shares, out);
    }
    out.flush();
    // every image asks the same agents
    return PoolFailures.report(shares.getFirst().presence().failures().values(), root);
  }
}
