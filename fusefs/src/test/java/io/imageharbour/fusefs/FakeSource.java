package io.imageharbour.fusefs;

import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A source in memory that counts, and fails as it is told. */
public final class FakeSource implements ContentSource {

  private final String name;
  private final Map<Digest, Supplier<byte[]>> chunks = new HashMap<>();
  private final Map<FakeImage.Place, List<FrameLocation.Part>> frames = new HashMap<>();

  public final AtomicInteger fetches = new AtomicInteger();
  public final AtomicLong bytes = new AtomicLong();
  public final Set<Digest> fetched = ConcurrentHashMap.newKeySet();

  /** Chunks of which the first so many deliveries have a flipped bit. */
  public final Map<Digest, AtomicInteger> corrupt = new ConcurrentHashMap<>();

  /** Whether every fetch fails. */
  public volatile boolean down;

  /** Packs that it does not have. */
  public final Set<Digest> lostPacks = ConcurrentHashMap.newKeySet();

  /** Whether only the wanted chunk is delivered, as by a pool. */
  public volatile boolean wantedOnly;

  /** What it answers when it is asked promptly. */
  public volatile Prompt prompt = Prompt.UNKNOWN;

  /** How often that was. */
  public final AtomicInteger prompts = new AtomicInteger();

  /** Where it waits when it is asked promptly, until it is open. */
  public volatile CountDownLatch promptGate = new CountDownLatch(0);

  /** What it says of itself. */
  public volatile long bytesPerLatency;

  /** After so long the next one is asked as well. */
  public volatile Optional<Duration> headStart = Optional.empty();

  /** Where fetches wait until it is open. */
  public volatile CountDownLatch gate = new CountDownLatch(0);

  /** Where fetches wait once they have brought the wanted frame. */
  public volatile CountDownLatch gateBehind = new CountDownLatch(0);

  public FakeSource(String name) {
    this.name = name;
  }

  /** Knows the bytes of this image as well. */
  public FakeSource with(FakeImage image) {
    chunks.putAll(image.chunks());
    frames.putAll(image.parts());
    return this;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public void fetch(WantedChunk wanted, ContentReceiver receiver)
      throws IOException, InterruptedException {
    fetches.incrementAndGet();
    pass(gate);
    if (down) {
      throw new IOException(name + " is down");
    }
    if (lostPacks.contains(wanted.location().pack())) {
      throw new IOException(name + " has no pack " + wanted.location().pack());
    }
    if (wantedOnly) {
      if (!receiver.accept(ByteBuffer.wrap(chunk(wanted.digest())))) {
        throw new IOException(name + " has something else");
      }
      return;
    }
    receiver.acceptFrame(wanted.location(), frame(wanted.location()));
    if (!wanted.following().isEmpty()) {
      pass(gateBehind);
    }
    for (FrameLocation following : wanted.following()) {
      receiver.acceptFrame(following, frame(following));
    }
  }

  @Override
  public Prompt fetchPromptly(Digest digest, int size, ChunkReceiver receiver)
      throws IOException, InterruptedException {
    prompts.incrementAndGet();
    pass(promptGate);
    if (prompt == Prompt.BROUGHT && !receiver.accept(ByteBuffer.wrap(chunk(digest)))) {
      return Prompt.LACKING;
    }
    return prompt;
  }

  @Override
  public long bytesPerLatency() {
    return bytesPerLatency;
  }

  @Override
  public Optional<Duration> headStart() {
    return headStart;
  }

  private static void pass(CountDownLatch gate) throws IOException, InterruptedException {
    if (!gate.await(1, TimeUnit.MINUTES)) {
      throw new IOException("nobody opened the gate");
    }
  }

  private byte[] frame(FrameLocation location) throws IOException {
    byte[] content = new byte[location.size()];
    FakeImage.Place place = new FakeImage.Place(location.pack(), location.offset());
    for (FrameLocation.Part part : frames.getOrDefault(place, location.parts())) {
      System.arraycopy(chunk(part.digest()), 0, content, part.offset(), part.size());
    }
    return RawFrame.of(content);
  }

  private byte[] chunk(Digest digest) throws IOException {
    @Nullable Supplier<byte[]> chunk = chunks.get(digest);
    if (chunk == null) {
      throw new IOException(name + " has no " + digest);
    }
    byte[] content = chunk.get().clone();
    @Nullable AtomicInteger wrong = corrupt.get(digest);
    if (wrong != null && wrong.getAndDecrement() > 0) {
      content[content.length / 2] ^= 1;
    }
    fetched.add(digest);
    bytes.addAndGet(content.length);
    return content;
  }
}
