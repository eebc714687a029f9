package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.image.Platform;
import io.imageharbour.indexer.registry.ImageReference;
import java.time.Duration;
import java.util.List;

/**
 * What a conversion did. Counts and sizes are of all its platforms together.
 *
 * @param source the image that was converted, as it was given
 * @param target where the index image was pushed to
 * @param digest of the OCI index that the target's tag points to
 * @param platforms one entry for every platform, in the source's order
 * @param files regular files in the trees, a hard link counted once
 * @param uniqueFiles different contents among them
 * @param uncompressedBytes size of all files, each counted as often as it occurs
 * @param uniqueBytes size of the different contents
 * @param sourceBytes size of the source's different layers, compressed
 * @param packBytes size of the packs that were pushed now
 * @param indexBytes size of the index layers that were pushed now
 * @param hiddenBytes size of the packs that were pushed now for contents that no file shows
 * @param recipeBytes size of the recipes that were pushed now
 * @param storedBytes size of all that the index image needs in the registry, whether it was pushed
 *     now or not: packs, index layers, recipes
 * @param referencedFiles different contents that a pack of the registry held already
 * @param referencedBytes size of those contents, uncompressed: what deduplication against the
 *     registry saved, besides {@code uncompressedBytes - uniqueBytes}
 * @param elapsed how long it took
 */
public record ConversionSummary(
    ImageReference source,
    ImageReference target,
    Digest digest,
    List<ConvertedPlatform> platforms,
    long files,
    long uniqueFiles,
    long uncompressedBytes,
    long uniqueBytes,
    long sourceBytes,
    long packBytes,
    long indexBytes,
    long hiddenBytes,
    long recipeBytes,
    long storedBytes,
    long referencedFiles,
    long referencedBytes,
    Duration elapsed) {

  public ConversionSummary {
    platforms = List.copyOf(platforms);
  }

  /** Bytes that were pushed now: packs, index layers and recipes. */
  public long pushedBytes() {
    return packBytes + indexBytes + hiddenBytes + recipeBytes;
  }

  /**
   * One platform of the image.
   *
   * @param platform its name
   * @param source digest of the manifest that was converted
   * @param indexImage digest of the manifest of its index image
   * @param packs digest of the manifest that lists its packs
   */
  public record ConvertedPlatform(
      Platform platform, Digest source, Digest indexImage, Digest packs) {}
}
