package io.imageharbour.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import io.imageharbour.cli.progress.Progress;
import io.imageharbour.cli.progress.Progress.Unit;
import io.imageharbour.cli.text.Escaped;
import io.imageharbour.cli.text.Json;
import io.imageharbour.cli.text.Quantity;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.image.PackVerification;
import io.imageharbour.indexer.image.PackVerifier;
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
          + " platform. Exit code 0 means that all is right, 1 that something is damaged or missing."
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
    Map<Platform, PackVerification> found = new LinkedHashMap<>();
    try (RegistryClient client = image.client();
        Progress progress = root.streams().progress(root.isVerbose())) {
      for (IndexImage index : image.openAll(client).platforms()) {
        PackProgress packs = new PackProgress(progress, index);
        found.put(index.platform(), new PackVerifier(packs).verify(index));
      }
    }
    Writer out = root.streams().text();
    if (json) {
      writeJson(found, out);
    } else {
      writeText(found, out);
    }
    out.flush();
    return found.values().stream().allMatch(PackVerification::isSound)
        ? ExitCode.OK
        : ExitCode.CHECK_FAILED;
  }

  private static void writeText(Map<Platform, PackVerification> found, Writer out)
      throws IOException {
    for (Map.Entry<Platform, PackVerification> entry : found.entrySet()) {
      PackVerification result = entry.getValue();
      for (String problem : result.problems()) {
        out.write(entry.getKey() + ": " + Escaped.line(problem) + "\n");
      }
      out.write(
          "%s: %s (%s in %s, %s, %s read)%n"
              .formatted(
                  entry.getKey(),
                  result.isSound() ? "all is right" : "DAMAGED",
                  Quantity.count(result.contents(), "content"),
                  Quantity.count(result.packs(), "pack"),
                  Quantity.count(result.frames(), "frame"),
                  Quantity.bytes(result.bytes())));
    }
  }

  private static void writeJson(Map<Platform, PackVerification> found, Writer out)
      throws IOException {
    try (JsonGenerator generator = Json.generator(out)) {
      generator.writeStartArray();
      for (Map.Entry<Platform, PackVerification> entry : found.entrySet()) {
        PackVerification result = entry.getValue();
        generator.writeStartObject();
        generator.writeStringField("platform", entry.getKey().toString());
        generator.writeBooleanField("sound", result.isSound());
        generator.writeNumberField("packs", result.packs());
        generator.writeNumberField("frames", result.frames());
        generator.writeNumberField("chunks", result.chunks());
        generator.writeNumberField("contents", result.contents());
        generator.writeNumberField("bytes", result.bytes());
        generator.writeArrayFieldStart("problems");
        for (String problem : result.problems()) {
          generator.writeString(problem);
        }
        generator.writeEndArray();
        generator.writeEndObject();
      }
      generator.writeEndArray();
    }
    out.write("\n");
  }

  /** One piece of work for each pack. */
  private static final class PackProgress implements PackVerifier.Listener {

    private final Progress.Stage stage;
    private final Platform platform;
    private final int packs;
    private int started;

    PackProgress(Progress progress, IndexImage image) {
      this.stage = progress.stage(Unit.BYTES);
      this.platform = image.platform();
      this.packs = image.index().packs().size();
    }

    @Override
    public void started(Digest pack, long bytes) {
      started++;
      stage.start(platform + " pack " + started + "/" + packs, bytes);
    }

    @Override
    public void advanced(long bytes) {
      stage.advance(bytes);
    }

    @Override
    public void finished(Digest pack) {
      stage.finish();
    }
  }
}
