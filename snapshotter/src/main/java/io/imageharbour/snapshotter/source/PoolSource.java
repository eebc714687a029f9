package io.imageharbour.snapshotter.source;

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
   * @param uses counts what the pool lacks
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
      uses.missed(wanted.location().origins(), wanted.part().size());
      throw new NotInPoolException(wanted.digest());
    }
  }

  @Override
  public Optional<Duration> headStart() {
    return Optional.of(headStart);
  }

  @Override
  public void offer(Digest digest, ByteBuffer bytes, List<String> origins) {
    pool.offer(digest, bytes, uses.image(origins));
  }

  @Override
  public boolean bringsFollowing() {
    return false;
  }
}
