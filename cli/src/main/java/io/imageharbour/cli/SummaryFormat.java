package io.imageharbour.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import io.imageharbour.cli.text.Json;
import io.imageharbour.cli.text.Quantity;
import io.imageharbour.cli.text.Table;
import io.imageharbour.cli.text.Table.Align;
import io.imageharbour.indexer.convert.ConversionSummary;
import io.imageharbour.indexer.convert.ConversionSummary.ConvertedPlatform;
import io.imageharbour.indexer.registry.ImageReference;
import java.io.IOException;
import java.io.Writer;
import java.util.stream.Collectors;

/** What a conversion did, as it is shown at its end. */
final class SummaryFormat {

  private SummaryFormat() {}

  static void writeText(ConversionSummary summary, boolean plainHttp, Writer out)
      throws IOException {
    ImageReference target = summary.target();
    Table table = new Table(Align.LEFT, Align.LEFT);
    table.row("source", summary.source().toString());
    boolean attached = target.equals(summary.source());
    if (attached) {
      table.row("beside", summary.digest().toString());
    } else {
      table.row("target", target.withDigest(summary.digest()).toString());
    }
    table.row(
        "platforms",
        summary.platforms().stream()
            .map(platform -> platform.platform().toString())
            .collect(Collectors.joining(", ")));
    table.row(
        "files",
        Quantity.count(summary.files())
            + ", "
            + Quantity.count(summary.uniqueFiles())
            + " of them different");
    table.row(
        "before",
        Quantity.bytes(summary.sourceBytes())
            + " of layers ("
            + Quantity.bytes(summary.uncompressedBytes())
            + " of files)");
    table.row("after", after(summary, attached));
    table.row(
        "pushed",
        Quantity.bytes(summary.pushedBytes())
            + ": packs "
            + Quantity.bytes(summary.packBytes())
            + ", index "
            + Quantity.bytes(summary.indexBytes())
            + recipes(summary));
    table.row("dedup saved", dedup(summary));
    table.row("time", Quantity.seconds(summary.elapsed()));
    for (String line : table.lines()) {
      out.write(line + "\n");
    }
    if (attached) {
      out.write("\nPull it, by its own name, with CRI, Docker, or:\n");
      out.write("  harbourctl pull " + (plainHttp ? "--plain-http " : "") + target + "\n");
      return;
    }
    String flags = "--snapshotter harbour " + (plainHttp ? "--plain-http " : "");
    out.write("\nRun it:\n");
    out.write("  ctr images pull " + flags + target + "\n");
    out.write("  ctr run --rm -t --snapshotter harbour " + target + " NAME\n");
  }

  /** What is in the registry for this image, with the original and without. */
  private static String after(ConversionSummary summary, boolean attached) {
    String with =
        Quantity.bytes(summary.storedBytes() + summary.sourceBytes())
            + " with the original's layers";
    return summary.recipeBytes() > 0 && !attached
        ? with + ", " + Quantity.bytes(summary.storedBytes()) + " when it is deleted"
        : with;
  }

  private static String recipes(ConversionSummary summary) {
    return summary.recipeBytes() > 0
        ? ", recipe "
            + Quantity.bytes(summary.recipeBytes())
            + " and "
            + Quantity.bytes(summary.hiddenBytes())
            + " of packs for it"
        : "; no recipe, so the original can't be restored";
  }

  /** Bytes of files, not of packs: what is not stored has no compressed size. */
  private static String dedup(ConversionSummary summary) {
    long within = summary.uncompressedBytes() - summary.uniqueBytes();
    return Quantity.bytes(within + summary.referencedBytes())
        + " of files: "
        + Quantity.bytes(within)
        + " occur more than once, "
        + Quantity.bytes(summary.referencedBytes())
        + " were in packs already";
  }

  static void writeJson(ConversionSummary summary, Writer out) throws IOException {
    try (JsonGenerator json = Json.generator(out)) {
      json.writeStartObject();
      json.writeStringField("source", summary.source().toString());
      json.writeStringField("target", summary.target().toString());
      json.writeStringField("digest", summary.digest().toString());
      json.writeArrayFieldStart("platforms");
      for (ConvertedPlatform platform : summary.platforms()) {
        json.writeStartObject();
        json.writeStringField("platform", platform.platform().toString());
        json.writeStringField("source", platform.source().toString());
        json.writeStringField("indexImage", platform.indexImage().toString());
        json.writeStringField("packs", platform.packs().toString());
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeNumberField("files", summary.files());
      json.writeNumberField("uniqueFiles", summary.uniqueFiles());
      json.writeNumberField("uncompressedBytes", summary.uncompressedBytes());
      json.writeNumberField("uniqueBytes", summary.uniqueBytes());
      json.writeNumberField("sourceBytes", summary.sourceBytes());
      json.writeNumberField("packBytes", summary.packBytes());
      json.writeNumberField("indexBytes", summary.indexBytes());
      json.writeNumberField("recipeBytes", summary.recipeBytes());
      json.writeNumberField("hiddenPackBytes", summary.hiddenBytes());
      json.writeNumberField("pushedBytes", summary.pushedBytes());
      json.writeNumberField("storedBytes", summary.storedBytes());
      json.writeNumberField("referencedFiles", summary.referencedFiles());
      json.writeNumberField("referencedBytes", summary.referencedBytes());
      json.writeNumberField("seconds", summary.elapsed().toMillis() / 1000.0);
      json.writeEndObject();
    }
    out.write("\n");
  }
}
