package io.imageharbour.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import io.imageharbour.cli.progress.Progress;
import io.imageharbour.cli.text.Escaped;
import io.imageharbour.cli.text.Json;
import io.imageharbour.cli.text.Quantity;
import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.image.PackVerification;
import io.imageharbour.indexer.image.Platform;
import io.imageharbour.indexer.registry.RegistryClient;
import java.io.IOException;
import java.io.Writer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code harbourctl verify}. */
@Command(
    name = "verify",
    header = "Check every byte of an index image.",
    description = {
      "Reads all packs whole and checks the digest of every pack, chunk and file, for every"
          + " platform. Where there is a recipe, makes every layer of the original and compares its"
          + " digest: what passes can be restored. Exit code 0 means that all is right, 1 that"
          + " something is damaged or missing."
    },
    footer = {
      "  harbourctl verify registry.example.com/python:3.12-harbour",
      "  harbourctl verify --json IMAGE | jq '.[].problems[]'"
    })
final class VerifyCommand implements Callable<Integer> {

  private final HarbourCtl root;

  @Mixin private final ImageArgument image = new ImageArgument();

  @Option(names = "--json", description = "Print what was found as JSON.")
  private boolean json;

  VerifyCommand(HarbourCtl root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Map<Platform, ImageVerification> found = new LinkedHashMap<>();
    try (RegistryClient client = image.client();
        Progress progress = root.streams().progress(root.isVerbose())) {
      for (IndexImage index : image.openAll(client).platforms()) {
        found.put(index.platform(), ImageVerification.of(index, progress));
      }
    }
    Writer out = root.streams().text();
    if (json) {
      writeJson(found, out);
    } else {
      writeText(found, out);
    }
    out.flush();
    return found.values().stream().allMatch(ImageVerification::isSound)
        ? ExitCode.OK
        : ExitCode.CHECK_FAILED;
  }

  private static void writeText(Map<Platform, ImageVerification> found, Writer out)
      throws IOException {
    for (Map.Entry<Platform, ImageVerification> entry : found.entrySet()) {
      ImageVerification image = entry.getValue();
      PackVerification result = image.packs();
      for (String problem : image.problems()) {
        out.write(entry.getKey() + ": " + Escaped.line(problem) + "\n");
      }
      out.write(
          "%s: %s (%s in %s, %s, %s read; %s)%n"
              .formatted(
                  entry.getKey(),
                  image.isSound() ? "all is right" : "DAMAGED",
                  Quantity.count(result.contents(), "content"),
                  Quantity.count(result.packs(), "pack"),
                  Quantity.count(result.frames(), "frame"),
                  Quantity.bytes(result.bytes()),
                  restorable(image)));
    }
  }

  private static String restorable(ImageVerification image) {
    if (!image.hasRecipe()) {
      return "no recipe to restore the original with";
    }
    return image.isRestorable() ? "the original can be restored" : "NOT RESTORABLE";
  }

  private static void writeJson(Map<Platform, ImageVerification> found, Writer out)
      throws IOException {
    try (JsonGenerator generator = Json.generator(out)) {
      generator.writeStartArray();
      for (Map.Entry<Platform, ImageVerification> entry : found.entrySet()) {
        ImageVerification image = entry.getValue();
        PackVerification result = image.packs();
        generator.writeStartObject();
        generator.writeStringField("platform", entry.getKey().toString());
        generator.writeBooleanField("sound", image.isSound());
        generator.writeBooleanField("restorable", image.isRestorable());
        generator.writeNumberField("packs", result.packs());
        generator.writeNumberField("frames", result.frames());
        generator.writeNumberField("chunks", result.chunks());
        generator.writeNumberField("contents", result.contents());
        generator.writeNumberField("bytes", result.bytes());
        generator.writeArrayFieldStart("problems");
        for (String problem : image.problems()) {
          generator.writeString(problem);
        }
        generator.writeEndArray();
        generator.writeEndObject();
      }
      generator.writeEndArray();
    }
    out.write("\n");
  }
}
