package io.imageharbour.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import io.imageharbour.cli.progress.Progress;
import io.imageharbour.cli.text.Json;
import io.imageharbour.cli.text.Quantity;
import io.imageharbour.cli.text.Table;
import io.imageharbour.cli.text.Table.Align;
import io.imageharbour.indexer.image.Platform;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.indexer.restore.RestoreSummary;
import io.imageharbour.indexer.restore.RestoreSummary.RestoredPlatform;
import io.imageharbour.indexer.restore.Restorer;
import java.io.IOException;
import java.io.Writer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code harbourctl restore}. */
@Command(
    name = "restore",
    header = "Make the image again that an index image was converted from.",
    description = {
      "Pushes the original of INDEX-IMAGE as TARGET: the same image ID, and every layer with the"
          + " same bytes (diff_id), which is checked. It is made of the packs and the recipe that"
          + " convert stores. The layers are compressed anew where the registry does not have them"
          + " any more, so the manifest's digest may be another one than the original's."
    },
    footer = {
      "  harbourctl restore registry.example.com/python:3.12-harbour \\",
      "      registry.example.com/python:3.12",
      "  harbourctl restore --platform linux/arm64 registry.example.com/redis:7-harbour \\",
      "      registry.example.com/redis:7-arm64",
      "  harbourctl restore --json IMAGE TARGET | jq -r '.platforms[].imageId'"
    })
final class RestoreCommand implements Callable<Integer> {

  /** Long enough for a registry that is restarted: restoring may have come far. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final HarbourCtl root;

  @Parameters(
      index = "0",
      paramLabel = "INDEX-IMAGE",
      description =
          "The index image, or an image with its index beside it:"
              + " [HOST[:PORT]/]NAME[:TAG][@DIGEST].")
  private Optional<ImageReference> source = Optional.empty();

  @Parameters(index = "1", paramLabel = "TARGET", description = "What to push.")
  private Optional<ImageReference> target = Optional.empty();

  @Option(
      names = "--platform",
      split = ",",
      paramLabel = "OS/ARCH",
      description = "Restore these platforms only (default: all, and the list of them).")
  private List<Platform> platforms = new ArrayList<>();

  @Option(names = "--json", description = "Print the summary as JSON.")
  private boolean json;

  @Mixin private final RegistryOptions registry = new RegistryOptions();

  RestoreCommand(HarbourCtl root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    ImageReference from = source.orElseThrow();
    ImageReference to = target.orElseThrow();
    if (to.digest().isPresent()) {
      throw new UsageException("TARGET can't have a digest: what it will be is not known yet");
    }
    ImageReference tagged = to.withTag(to.tag().orElse("latest"));
    RestoreSummary summary;
    try (RegistryClient client = registry.open(PATIENCE);
        Progress progress = root.streams().progress(root.isVerbose())) {
      summary =
          new Restorer(client).restore(from, tagged, platforms, new RestoreProgress(progress));
    }
    Writer out = root.streams().text();
    if (json) {
      writeJson(summary, out);
    } else {
      writeText(summary, out);
    }
    out.flush();
    return ExitCode.OK;
  }

  private static void writeText(RestoreSummary summary, Writer out) throws IOException {
    Table table = new Table(Align.LEFT, Align.LEFT);
    table.row("index image", summary.source().toString());
    table.row("target", summary.target().withDigest(summary.digest()).toString());
    table.row(
        "digest",
        summary.isOriginalDigest()
            ? "the original's"
            : "another than the original's: layers were compressed anew");
    for (RestoredPlatform platform : summary.platforms()) {
      table.row(
          platform.platform().toString(),
          "image ID "
              + platform.imageId()
              + ", "
              + Quantity.count(platform.layers(), "layer")
              + (platform.present() == 0
                  ? ""
                  : ", " + platform.present() + " of them still there"));
    }
    table.row("pushed", Quantity.bytes(summary.pushedBytes()) + " of layers");
    table.row("time", Quantity.seconds(summary.elapsed()));
    for (String line : table.lines()) {
      out.write(line + "\n");
    }
  }

  private static void writeJson(RestoreSummary summary, Writer out) throws IOException {
    try (JsonGenerator generator = Json.generator(out)) {
      generator.writeStartObject();
      generator.writeStringField("source", summary.source().toString());
      generator.writeStringField("target", summary.target().toString());
      generator.writeStringField("digest", summary.digest().toString());
      generator.writeBooleanField("originalDigest", summary.isOriginalDigest());
      generator.writeArrayFieldStart("platforms");
      for (RestoredPlatform platform : summary.platforms()) {
        generator.writeStartObject();
        generator.writeStringField("platform", platform.platform().toString());
        generator.writeStringField("imageId", platform.imageId().toString());
        generator.writeStringField("original", platform.original().toString());
        generator.writeStringField("manifest", platform.manifest().toString());
        generator.writeNumberField("layers", platform.layers());
        generator.writeNumberField("layersPresent", platform.present());
        generator.writeEndObject();
      }
      generator.writeEndArray();
      generator.writeNumberField("pushedBytes", summary.pushedBytes());
      generator.writeNumberField("seconds", summary.elapsed().toMillis() / 1000.0);
      generator.writeEndObject();
    }
    out.write("\n");
  }
}
