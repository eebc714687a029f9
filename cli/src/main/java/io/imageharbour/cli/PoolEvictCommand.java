package io.imageharbour.cli;

import io.imageharbour.cli.pool.Answer;
import io.imageharbour.cli.pool.Eviction;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.pool.client.AgentControl.Evicted;
import io.imageharbour.pool.client.PoolControl;
import io.imageharbour.pool.load.ImageChunks;
import java.io.IOException;
import java.io.Writer;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code harbourctl pool evict}. */
@Command(
    name = "evict",
    header = "Have agents give up contents.",
    description = {
      "Gives up all that the pool has of an IMAGE, for all its platforms, also what other images"
          + " share with it; or the contents of these DIGESTs, as pool ls lists them. Containers"
          + " that read them go on: they read from the registry then. Nothing is asked first."
    },
    footer = {
      "  harbourctl pool evict registry.example.com/python:3.12-harbour",
      "  harbourctl pool evict --agent 10.0.0.7:7410 --all"
    })
final class PoolEvictCommand implements Callable<Integer> {

  private static final String DIGEST = "sha256:";

  private final HarbourCtl root;

  @Parameters(
      arity = "0..*",
      paramLabel = "IMAGE|DIGEST",
      description = "Index images, and digests of contents: sha256:...")
  private List<String> what = new ArrayList<>();

  @Option(names = "--all", description = "Give up everything.")
  private boolean all;

  @Option(names = "--json", description = "Print what was done as a JSON array.")
  private boolean json;

  @Mixin private final PoolOptions options = new PoolOptions();

  @Mixin private final ImageSource source = new ImageSource();

  PoolEvictCommand(HarbourCtl root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (what.isEmpty() != all) {
      throw new UsageException("name images or digests, or give up everything with --all");
    }
    Set<Digest> digests = new LinkedHashSet<>();
    List<ImageReference> images = new ArrayList<>();
    for (String each : what) {
      if (each.startsWith(DIGEST)) {
        digests.add(digest(each));
      } else {
        images.add(ImageReference.parse(each));
      }
    }
    try (PoolControl pool = options.control()) {
      digests.addAll(digestsOf(images));
      List<Digest> evicted = List.copyOf(digests);
      List<Answer<Evicted>> answers =
          Answer.ofAll(pool, agent -> all ? agent.evictAll() : agent.evict(evicted));
      Writer out = root.streams().text();
      if (json) {
        Eviction.writeJson(answers, out);
      } else {
        Eviction.writeText(answers, out);
      }
      out.flush();
      return PoolFailures.report(Answer.failures(answers), root);
    }
  }

  private Set<Digest> digestsOf(List<ImageReference> images)
      throws IOException, InterruptedException {
    Set<Digest> digests = new LinkedHashSet<>();
    if (!images.isEmpty()) {
      try (RegistryClient client = source.client()) {
        for (ImageReference image : images) {
          for (IndexImage platform : source.openAll(client, image).platforms()) {
            digests.addAll(ImageChunks.of(platform.index()).digests());
          }
        }
      }
    }
    return digests;
  }

  private static Digest digest(String text) throws UsageException {
    try {
      return Digest.parse(text);
    } catch (IllegalArgumentException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }
}
