package io.imageharbour.snapshotter.source;

import io.imageharbour.fusefs.ChunkReceiver;
import io.imageharbour.fusefs.ContentReceiver;
import io.imageharbour.fusefs.ContentSource;
import io.imageharbour.fusefs.WantedChunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.client.PoolClient;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Brings chunks from the memory pool, and offers it those that had to come from elsewhere. */
public final class PoolSource implements ContentSource {

  private final PoolClient pool;
  private final ImageUses uses;
  private final Duration headStart;

  /**
   * A source that asks the pool.
   *
   * @param pool stays the caller's to close
   * @param uses counts what had to come from elsewhere
   * @param headStart after so long without an answer the registry is asked as well
   */
  public PoolSource(PoolClient pool, ImageUses uses, Duration headStart) {
    this.pool = pool;
    this.uses = uses;
    this.headStart = headStart;
  }

  @Override
  public String name() {
    return "pool";
  }

  @Override
  public void fetch(WantedChunk wanted, ContentReceiver receiver)
      throws IOException, InterruptedException {
    if (!pool.read(wanted.digest(), wanted.part().size(), receiver::accept)) {
      throw new NotInPoolException(wanted.digest());
    }
  }

  /** Gives it as long as its head start: who reads out of memory needs a fraction of that. */
  @Override
  public Prompt fetchPromptly(Digest digest, int size, ChunkReceiver receiver)
      throws IOException, InterruptedException {
    return switch (pool.readPromptly(digest, size, receiver::accept, headStart)) {
      case TAKEN -> Prompt.BROUGHT;
      case MISSING -> Prompt.LACKING;
      case UNKNOWN -> Prompt.UNKNOWN;
    };
  }

  @Override
  public Optional<Duration> headStart() {
    return Optional.of(headStart);
  }

  @Override
  public void offer(Digest digest, ByteBuffer bytes, List<String> origins) {
    // what the registry had to bring is what the pool lacked
    uses.missed(origins, bytes.remaining());
    pool.offer(digest, bytes, uses.image(origins));
  }

  @Override
  public boolean bringsFollowing() {
    return false;
  }
}
