package io.imageharbour.indexer.restore;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.image.Platform;
import io.imageharbour.indexer.registry.ImageReference;
import java.time.Duration;
import java.util.List;

/**
 * What restoring did.
 *
 * @param source the index image, as it was given
 * @param target where the original was pushed to
 * @param digest of what the target's tag points to
 * @param isOriginalDigest whether that is the digest that the original had
 * @param platforms one entry for each platform
 * @param pushedBytes size of the layers that were made and pushed, compressed
 * @param elapsed how long it took
 */
public record RestoreSummary(
    ImageReference source,
    ImageReference target,
    Digest digest,
    boolean isOriginalDigest,
    List<RestoredPlatform> platforms,
    long pushedBytes,
    Duration elapsed) {

  public RestoreSummary {
    platforms = List.copyOf(platforms);
  }

  /**
   * One platform of the image.
   *
   * @param platform its name
   * @param imageId digest of the config, that of the original
   * @param original digest of the original's manifest
   * @param manifest digest of the manifest now: another where a layer compresses to other bytes
   * @param layers how many layers it has
   * @param present how many of them were in the registry and were not made again
   */
  public record RestoredPlatform(
      Platform platform,
      Digest imageId,
      Digest original,
      Digest manifest,
      int layers,
      int present) {}
}
