package io.imageharbour.cli.pool;

import com.fasterxml.jackson.core.JsonGenerator;
import io.imageharbour.cli.text.Json;
import io.imageharbour.cli.text.Quantity;
import io.imageharbour.cli.text.Table;
import io.imageharbour.cli.text.Table.Align;
import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.image.Platform;
import io.imageharbour.pool.client.AgentControl;
import io.imageharbour.pool.load.ImageChunks;
import io.imageharbour.pool.load.Presence;
import java.io.IOException;
import java.io.Writer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * How much of an image lies in the pool. Bytes and chunks count once, however many files have them;
 * empty files count nowhere.
 *
 * @param image what was asked for
 * @param platform of the image
 * @param files different contents of files, and of those, the ones that lie in the pool whole
 * @param chunks what the contents are cut into
 * @param bytes of the chunks
 * @param presence of the chunks
 */
public record ImageShare(
    String image, Platform platform, Part files, Part chunks, Part bytes, Presence presence) {

  /** A part of a whole. */
  public record Part(long there, long all) {}

  /**
   * Asks the agents of a pool.
   *
   * @param image as the user named it
   * @param replicas agents that keep each content
   */
  public static ImageShare of(
      String image, Platform platform, ImageIndex index, List<AgentControl> agents, int replicas) {
    ImageChunks all = ImageChunks.of(index);
    Presence presence = Presence.ask(agents, replicas, all.digests());
    Set<Digest> there = new HashSet<>();
    long bytes = 0;
    for (int i = presence.there().nextSetBit(0); i >= 0; i = presence.there().nextSetBit(i + 1)) {
      there.add(all.chunks().get(i).digest());
      bytes += all.chunks().get(i).size();
    }
    List<FileContent> contents =
        index.contents().stream().filter(content -> !content.chunks().isEmpty()).toList();
    long whole =
        contents.stream()
            .filter(
                content -> content.chunks().stream().map(Chunk::digest).allMatch(there::contains))
            .count();
    return new ImageShare(
        image,
        platform,
        new Part(whole, contents.size()),
        new Part(there.size(), all.chunks().size()),
        new Part(bytes, all.bytes()),
        presence);
  }

  /** Writes a line for each image. */
  public static void writeText(List<ImageShare> shares, Writer out) throws IOException {
    Table table = new Table(Align.LEFT, Align.LEFT, Align.RIGHT, Align.RIGHT, Align.RIGHT);
    table.row("IMAGE", "PLATFORM", "FILES", "BYTES", "THERE");
    for (ImageShare share : shares) {
      table.row(
          share.image(),
          share.platform().toString(),
          Quantity.count(share.files().there()) + " of " + Quantity.count(share.files().all()),
          Quantity.bytes(share.bytes().there()) + " of " + Quantity.bytes(share.bytes().all()),
          Quantity.percent(share.bytes().there(), share.bytes().all()));
    }
    for (String line : table.lines()) {
      out.write(line + "\n");
    }
  }

  /** Writes an array of objects. */
  public static void writeJson(List<ImageShare> shares, Writer out) throws IOException {
    try (JsonGenerator json = Json.generator(out)) {
      json.writeStartArray();
      for (ImageShare share : shares) {
        json.writeStartObject();
        json.writeStringField("image", share.image());
        json.writeStringField("platform", share.platform().toString());
        write("files", share.files(), json);
        write("chunks", share.chunks(), json);
        write("bytes", share.bytes(), json);
        json.writeEndObject();
      }
      json.writeEndArray();
    }
    out.write("\n");
  }

  private static void write(String name, Part part, JsonGenerator json) throws IOException {
    json.writeObjectFieldStart(name);
    json.writeNumberField("there", part.there());
    json.writeNumberField("all", part.all());
    json.writeEndObject();
  }
}
