package io.imageharbour.fusefs.fetch;

import io.imageharbour.fusefs.table.StoredChunk;
import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A frame on its way, and who waits for which chunk of it. Safe for use by several threads.
 *
 * <p>A chunk is stored once, in each place that was named before it came. Who names one of these
 * places later shares the result; who names another has missed it.
 */
final class FrameFlight {

  private final StoredChunk wanted;
  private final Want first = new Want();
  private final Map<Digest, Want> wants = new HashMap<>();
  private final CompletableFuture<Void> over = new CompletableFuture<>();
  private boolean ended;

  /** Belongs to the thread that the flight is with, which hands it on. */
  private Optional<AskedPromptly> askedPromptly = Optional.empty();

  /** What waits for one chunk. */
  private static final class Want {
    /** Whether it was stored; false if the flight ended without it and another is worth a try. */
    private final CompletableFuture<Boolean> stored = new CompletableFuture<>();

    private final Set<ChunkSink> sinks = new LinkedHashSet<>(1);
    private boolean taken;
  }

  /**
   * What came of asking the first source promptly.
   *
   * @param lacking whether it does not have the chunk
   * @param nanos that it took
   */
  record AskedPromptly(boolean lacking, long nanos) {}

  /** A flight that is made because of one chunk of the frame. */
  FrameFlight(Errand errand) {
    wanted = errand.chunk();
    first.sinks.add(errand.sink());
    wants.put(wanted.digest(), first);
  }

  /** Completes with whether the chunk was stored that the flight was made for. */
  CompletableFuture<Boolean> stored() {
    return first.stored;
  }

  /** What is known from asking promptly; for the thread that the flight is with. */
  Optional<AskedPromptly> askedPromptly() {
    return askedPromptly;
  }

  /** Notes it. */
  void setAskedPromptly(AskedPromptly asked) {
    askedPromptly = Optional.of(asked);
  }

  /** The chunk that is asked of the sources. */
  StoredChunk wanted() {
    return wanted;
  }

  /** Completes when the flight has ended. */
  CompletableFuture<Void> over() {
    return over;
  }

  /**
   * Waits for a chunk of the frame as well.
   *
   * @return completes with whether the chunk was stored; empty if the chunk has passed, or the
   *     flight looks for it in another place of the frame: one of the two indexes lies, and whoever
   *     trusts the other must not share the failure
   */
  synchronized Optional<CompletableFuture<Boolean>> join(StoredChunk chunk, ChunkSink sink) {
    boolean elsewhere = chunk.digest().equals(wanted.digest()) && !chunk.equals(wanted);
    if (ended || elsewhere) {
      return Optional.empty();
    }
    Want want = wants.computeIfAbsent(chunk.digest(), digest -> new Want());
    if (want.taken && !want.sinks.contains(sink)) {
      return Optional.empty();
    }
    want.sinks.add(sink);
    return Optional.of(want.stored);
  }

  /**
   * Stores a verified chunk for those who wait for it; one that came twice is stored once.
   *
   * @param keep where it goes besides; none if only those who wait want it
   * @throws IOException if it could not be stored; those who wait know it too
   */
  void deliver(Digest chunk, ByteBuffer verified, Optional<ChunkSink> keep) throws IOException {
    Want want;
    synchronized (this) {
      want = wants.computeIfAbsent(chunk, digest -> new Want());
      if (want.taken) {
        return;
      }
      want.taken = true;
      keep.ifPresent(want.sinks::add);
    }
    try {
      for (ChunkSink sink : want.sinks) {
        sink.store(verified.duplicate());
      }
      want.stored.complete(true);
    } catch (IOException | RuntimeException | Error e) {
      want.stored.completeExceptionally(e);
      throw e;
    }
  }

  /** What somebody who brings a chunk has to do with it. */
  enum Need {
    WANTED,
    /** It has come already. */
    STORED,
    NOBODY_ASKED
  }

  synchronized Need need(Digest chunk) {
    @Nullable Want want = wants.get(chunk);
    if (want == null) {
      return Need.NOBODY_ASKED;
    }
    return want.taken ? Need.STORED : Need.WANTED;
  }

  /** Whether the chunk that the sources were asked for has come, and could be stored or not. */
  synchronized boolean hasWantedCome() {
    return first.taken;
  }

  /**
   * Ends the flight; the first call counts.
   *
   * @param failure why the wanted chunk did not come, if it did not
   * @param shared whether that holds for every other chunk of the frame as well; otherwise it is
   *     worth another flight
   */
  void end(@Nullable IOException failure, boolean shared) {
    List<Want> left = new ArrayList<>();
    synchronized (this) {
      ended = true;
      wants.values().stream().filter(want -> !want.taken).forEach(left::add);
    }
    for (Want want : left) {
      if (failure != null && (shared || want == first)) {
        want.stored.completeExceptionally(failure);
      } else {
        want.stored.complete(false);
      }
    }
    over.complete(null);
  }
}
