package io.imageharbour.cli.pool;

import com.fasterxml.jackson.core.JsonGenerator;
import io.imageharbour.cli.progress.Progress.Stage;
import io.imageharbour.cli.text.Json;
import io.imageharbour.cli.text.Quantity;
import io.imageharbour.cli.text.Table;
import io.imageharbour.cli.text.Table.Align;
import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.image.Platform;
import io.imageharbour.pool.client.AgentControl;
import io.imageharbour.pool.client.AgentUnavailableException;
import io.imageharbour.pool.client.PoolClient;
import io.imageharbour.pool.client.PoolControl;
import io.imageharbour.pool.load.ImageChunks;
import io.imageharbour.pool.load.ImageLoader;
import io.imageharbour.pool.load.Presence;
import java.io.IOException;
import java.io.Writer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * An image, or a part of one, that was brought into the pool.
 *
 * @param image as the user named it
 * @param platform of the image
 * @param before what lay in the pool before, on all agents that are to keep it
 * @param loaded what was brought, and lies there now
 * @param lost what was brought, and does not lie there now: agents gave it up again, had no room,
 *     or failed
 * @param unknown what belongs to agents that did not answer
 * @param time that it took
 * @param after what lies in the pool now
 */
public record ImageLoad(
    String image,
    Platform platform,
    Share before,
    Share loaded,
    Share lost,
    Share unknown,
    Duration time,
    Presence after) {

  /** So long an agent that has answered may take until it can be written to. */
  private static final Duration CONNECT = Duration.ofSeconds(10);

  /** So long the last 16 MiB may take. */
  private static final Duration BRING = Duration.ofMinutes(5);

  /** Some of the image's chunks. */
  public record Share(long chunks, long bytes) {
    static Share of(ImageChunks all, BitSet positions) {
      List<Chunk> some = some(all, positions);
      return new Share(some.size(), ImageChunks.bytes(some));
    }
  }

  /**
   * Brings an image, or a part of it, into the pool, as far as its agents can be reached.
   *
   * @param image as the user named it
   * @param all what is wanted of it
   * @param replicas agents that keep each content
   * @param label of the stage
   * @throws AgentUnavailableException if no agent answers
   * @throws IOException if the image can't be read
   */
  public static ImageLoad run(
      String image,
      IndexImage opened,
      ImageChunks all,
      PoolControl control,
      int replicas,
      PoolClient pool,
      String label,
      Stage stage)
      throws IOException, InterruptedException {
    long begin = System.nanoTime();
    List<AgentControl> agents = control.agents();
    Presence before = Presence.ask(agents, replicas, all.digests());
    if (before.failures().size() == agents.size()) {
      throw before.failures().firstEntry().getValue();
    }
    List<Chunk> wanted = some(all, before.wanted());
    if (!wanted.isEmpty()) {
      stage.start(label, ImageLoader.bytesToFetch(opened, wanted));
      for (AgentControl agent : agents) {
        if (!before.failures().containsKey(agent.agent())) {
          // one whose memory can't be reached is said below, by what is lost
          boolean unused = pool.awaitConnected(agent.agent(), CONNECT);
        }
      }
      new ImageLoader(pool, stage::advance).load(opened, wanted);
      boolean unused = pool.awaitOffers(BRING);
      stage.finish();
    }
    Presence after = Presence.ask(agents, replicas, all.digests());
    BitSet complete = new BitSet();
    complete.set(0, all.chunks().size());
    complete.andNot(before.wanted());
    complete.andNot(before.unknown());
    BitSet loaded = (BitSet) before.wanted().clone();
    loaded.andNot(after.wanted());
    loaded.andNot(after.unknown());
    return new ImageLoad(
        image,
        opened.platform(),
        Share.of(all, complete),
        Share.of(all, loaded),
        Share.of(all, after.wanted()),
        Share.of(all, after.unknown()),
        Duration.ofNanos(System.nanoTime() - begin),
        after);
  }

  /** Whether all of it lies in the pool now. */
  public boolean isComplete() {
    return lost.chunks() == 0 && unknown.chunks() == 0;
  }

  /** Writes a block for each image. */
  public static void writeText(List<ImageLoad> loads, Writer out) throws IOException {
    for (ImageLoad load : loads) {
      Table table = new Table(Align.LEFT, Align.LEFT);
      table.row("image", load.image() + ", " + load.platform());
      table.row("there before", line(load.before()));
      table.row("loaded", line(load.loaded()) + " in " + Quantity.seconds(load.time()));
      if (load.lost().chunks() > 0) {
        table.row("not kept", line(load.lost()) + ": there is no room, or an agent failed");
      }
      if (load.unknown().chunks() > 0) {
        table.row("not known", line(load.unknown()) + ": their agents don't answer");
      }
      out.write(load == loads.getFirst() ? "" : "\n");
      for (String line : table.lines()) {
        out.write(line + "\n");
      }
    }
  }

  /** Writes an array of objects. */
  public static void writeJson(List<ImageLoad> loads, Writer out) throws IOException {
    try (JsonGenerator json = Json.generator(out)) {
      json.writeStartArray();
      for (ImageLoad load : loads) {
        json.writeStartObject();
        json.writeStringField("image", load.image());
        json.writeStringField("platform", load.platform().toString());
        json.writeBooleanField("complete", load.isComplete());
        write("thereBefore", load.before(), json);
        write("loaded", load.loaded(), json);
        write("notKept", load.lost(), json);
        write("notKnown", load.unknown(), json);
        json.writeNumberField("seconds", load.time().toMillis() / 1000.0);
        json.writeEndObject();
      }
      json.writeEndArray();
    }
    out.write("\n");
  }

  private static List<Chunk> some(ImageChunks all, BitSet positions) {
    List<Chunk> some = new ArrayList<>();
    for (int i = positions.nextSetBit(0); i >= 0; i = positions.nextSetBit(i + 1)) {
      some.add(all.chunks().get(i));
    }
    return some;
  }

  private static String line(Share share) {
    return Quantity.count(share.chunks(), "chunk") + ", " + Quantity.bytes(share.bytes());
  }

  private static void write(String name, Share share, JsonGenerator json) throws IOException {
    json.writeObjectFieldStart(name);
    json.writeNumberField("chunks", share.chunks());
    json.writeNumberField("bytes", share.bytes());
    json.writeEndObject();
  }
}
