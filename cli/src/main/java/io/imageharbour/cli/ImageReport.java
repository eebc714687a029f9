package io.imageharbour.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.cli.ImageSource.OpenedImage;
import io.imageharbour.cli.IndexStatistics.PackUse;
import io.imageharbour.cli.text.Escaped;
import io.imageharbour.cli.text.Json;
import io.imageharbour.cli.text.Quantity;
import io.imageharbour.cli.text.Table;
import io.imageharbour.cli.text.Table.Align;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.Pack;
import io.imageharbour.indexer.Recipe;
import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.image.IndexImage.StoredRecipe;
import io.imageharbour.indexer.recipe.ImageRecipe;
import java.io.IOException;
import java.io.Writer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What an index image is made of, for people and for scripts. */
final class ImageReport {

  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** One platform, with the documents that its registry keeps. */
  private record Part(
      IndexImage image,
      Optional<Recipe> recipe,
      IndexStatistics statistics,
      JsonNode manifest,
      JsonNode config) {

    long hiddenBytes() {
      return recipe.stream()
          .flatMap(it -> it.hidden().contents().stream())
          .mapToLong(FileContent::size)
          .sum();
    }

    long indexBytes() {
      return manifest.at("/layers/0/size").asLong();
    }

    /** Entrypoint and arguments, as a shell would show them. */
    String command() {
      List<String> words = new ArrayList<>();
      for (String list : List.of("/config/Entrypoint", "/config/Cmd")) {
        config.at(list).forEach(word -> words.add(Escaped.line(word.asText())));
      }
      return String.join(" ", words);
    }
  }

  private final OpenedImage image;
  private final List<Part> parts;

  private ImageReport(OpenedImage image, List<Part> parts) {
    this.image = image;
    this.parts = parts;
  }

  static ImageReport of(OpenedImage image) throws IOException, InterruptedException {
    List<Part> parts = new ArrayList<>();
    for (IndexImage platform : image.platforms()) {
      parts.add(
          new Part(
              platform,
              platform.recipe().isPresent()
                  ? Optional.of(ImageRecipe.read(platform))
                  : Optional.empty(),
              IndexStatistics.of(platform.index()),
              MAPPER.readTree(platform.manifest().bytes()),
              MAPPER.readTree(platform.config())));
    }
    return new ImageReport(image, parts);
  }

  void writeText(Writer out) throws IOException {
    List<Pack> packs = parts.stream().flatMap(ImageReport::allPacks).distinct().toList();
    Table head = new Table(Align.LEFT, Align.LEFT);
    head.row("image", image.reference().toString());
    head.row("digest", image.manifest().digest().toString());
    head.row(
        "size",
        "%s in %s, %s of indexes, %s of recipes"
            .formatted(
                Quantity.bytes(packs.stream().mapToLong(Pack::size).sum()),
                Quantity.count(packs.size(), "pack"),
                Quantity.bytes(parts.stream().mapToLong(Part::indexBytes).sum()),
                Quantity.bytes(
                    parts.stream()
                        .flatMap(part -> part.image.recipe().stream())
                        .mapToLong(StoredRecipe::size)
                        .sum())));
    writeLines(head, "", out);
    for (Part part : parts) {
      out.write("\n" + part.image.platform() + "\n");
      writeLines(summary(part), "  ", out);
      out.write("\n");
      writeLines(packs(part.statistics), "  ", out);
    }
  }

  /** Those that the index refers to, and those that the recipe does. */
  private static Stream<Pack> allPacks(Part part) {
    return Stream.concat(
        part.image.index().packs().stream(),
        part.recipe.stream().flatMap(recipe -> recipe.hidden().packs().stream()));
  }

  private static Table summary(Part part) {
    IndexStatistics statistics = part.statistics;
    Table table = new Table(Align.LEFT, Align.LEFT);
    table.row("index image", part.image.manifest().digest().toString());
    table.row("converted from", part.image.sourceDigest().toString());
    table.row("runs", part.command());
    table.row(
        "files",
        "%s, %s; %s occur more than once"
            .formatted(
                Quantity.count(statistics.files()),
                Quantity.bytes(statistics.fileBytes()),
                Quantity.bytes(statistics.fileBytes() - statistics.contentBytes())));
    table.row(
        "contents",
        "%s, %s, in %s"
            .formatted(
                Quantity.count(statistics.contents()),
                Quantity.bytes(statistics.contentBytes()),
                Quantity.count(statistics.chunks(), "chunk")));
    table.row(
        "other inodes",
        "%s directories, %s symbolic links, %s devices, pipes and sockets"
            .formatted(
                Quantity.count(statistics.directories()),
                Quantity.count(statistics.links()),
                Quantity.count(statistics.others())));
    table.row("original", original(part));
    table.row("packs pushed to", Escaped.line(String.join(", ", part.image.index().origins())));
    return table;
  }

  private static String original(Part part) {
    if (part.recipe.isEmpty()) {
      return "can't be restored: converted without a recipe";
    }
    Recipe recipe = part.recipe.get();
    return "can be restored: %s, recipe %s, %s of contents that no file shows in %s"
        .formatted(
            Quantity.count(recipe.layers().size(), "layer"),
            Quantity.bytes(part.image.recipe().orElseThrow().size()),
            Quantity.bytes(part.hiddenBytes()),
            Quantity.count(recipe.hidden().packs().size(), "pack"));
  }

  private static Table packs(IndexStatistics statistics) {
    Table table = new Table(Align.LEFT, Align.RIGHT, Align.RIGHT, Align.RIGHT);
    table.row("PACK", "SIZE", "USED", "FRAMES");
    for (PackUse use : statistics.packs()) {
      table.row(
          use.pack().digest().toString(),
          Quantity.bytes(use.pack().size()),
          Quantity.percent(use.bytes(), use.pack().size()),
          Quantity.count(use.frames()));
    }
    return table;
  }

  private static void writeLines(Table table, String indent, Writer out) throws IOException {
    for (String line : table.lines()) {
      out.write(indent + line + "\n");
    }
  }

  void writeJson(Writer out) throws IOException {
    try (JsonGenerator json = Json.generator(out)) {
      json.writeStartObject();
      json.writeStringField("image", image.reference().toString());
      json.writeStringField("digest", image.manifest().digest().toString());
      json.writeStringField("mediaType", image.manifest().mediaType());
      json.writeArrayFieldStart("platforms");
      for (Part part : parts) {
        writeJson(part, json);
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    out.write("\n");
  }

  private static void writeJson(Part part, JsonGenerator json) throws IOException {
    IndexStatistics statistics = part.statistics;
    json.writeStartObject();
    json.writeStringField("platform", part.image.platform().toString());
    json.writeStringField("indexImage", part.image.manifest().digest().toString());
    json.writeNumberField("indexBytes", part.indexBytes());
    json.writeStringField("source", part.image.sourceDigest().toString());
    json.writeNumberField("files", statistics.files());
    json.writeNumberField("fileBytes", statistics.fileBytes());
    json.writeNumberField("contents", statistics.contents());
    json.writeNumberField("contentBytes", statistics.contentBytes());
    json.writeNumberField("chunks", statistics.chunks());
    json.writeNumberField("directories", statistics.directories());
    json.writeNumberField("symlinks", statistics.links());
    json.writeNumberField("others", statistics.others());
    if (part.recipe.isPresent()) {
      writeRecipe(part, part.recipe.get(), json);
    }
    json.writeArrayFieldStart("origins");
    for (String origin : part.image.index().origins()) {
      json.writeString(origin);
    }
    json.writeEndArray();
    json.writeArrayFieldStart("packs");
    for (PackUse use : statistics.packs()) {
      json.writeStartObject();
      json.writeStringField("digest", use.pack().digest().toString());
      json.writeNumberField("size", use.pack().size());
      json.writeNumberField("usedBytes", use.bytes());
      json.writeNumberField("usedFrames", use.frames());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeFieldName("config");
    MAPPER.writeTree(json, part.config);
    json.writeEndObject();
  }

  private static void writeRecipe(Part part, Recipe recipe, JsonGenerator json) throws IOException {
    StoredRecipe stored = part.image.recipe().orElseThrow();
    json.writeObjectFieldStart("recipe");
    json.writeStringField("digest", stored.digest().toString());
    json.writeNumberField("size", stored.size());
    json.writeNumberField("layers", recipe.layers().size());
    json.writeNumberField("hiddenContents", recipe.hidden().contents().size());
    json.writeNumberField("hiddenBytes", part.hiddenBytes());
    json.writeArrayFieldStart("packs");
    for (Pack pack : recipe.hidden().packs()) {
      json.writeStartObject();
      json.writeStringField("digest", pack.digest().toString());
      json.writeNumberField("size", pack.size());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }
}
