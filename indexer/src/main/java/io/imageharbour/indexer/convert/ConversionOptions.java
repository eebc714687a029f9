package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.image.Platform;
import io.imageharbour.indexer.registry.ImageReference;
import java.util.List;

/**
 * How to convert. None of it but the level, the platforms and whether there are recipes changes
 * what comes out for given packs: in particular the digests don't depend on {@code jobs}.
 *
 * @param platforms the platforms to convert; empty for all that the source has
 * @param dedupFrom index images of the target's registry whose packs are referenced where they hold
 *     a file already, besides those in the target's repository
 * @param level zstd's compression level, 1 to 19
 * @param jobs how many threads compress, 1 to 256
 * @param recipes whether what it takes to restore the original is stored too
 */
public record ConversionOptions(
    List<Platform> platforms,
    List<ImageReference> dedupFrom,
    int level,
    int jobs,
    boolean recipes) {

  /** The level that {@code zstd} itself uses. */
  public static final int DEFAULT_LEVEL = 3;

  public ConversionOptions {
    platforms = List.copyOf(platforms);
    dedupFrom = List.copyOf(dedupFrom);
    if (level < 1 || level > 19) {
      throw new IllegalArgumentException("the compression level is 1 to 19, not " + level);
    }
    if (jobs < 1 || jobs > 256) {
      throw new IllegalArgumentException("the number of jobs is 1 to 256, not " + jobs);
    }
  }

  /**
   * Every platform, deduplication within the target's repository, a thread per processor, recipes.
   */
  public static ConversionOptions defaults() {
    int jobs = Math.clamp(Runtime.getRuntime().availableProcessors(), 1, 256);
    return new ConversionOptions(List.of(), List.of(), DEFAULT_LEVEL, jobs, true);
  }

  public ConversionOptions withPlatforms(List<Platform> wanted) {
    return new ConversionOptions(wanted, dedupFrom, level, jobs, recipes);
  }

  public ConversionOptions withDedupFrom(List<ImageReference> images) {
    return new ConversionOptions(platforms, images, level, jobs, recipes);
  }

  public ConversionOptions withLevel(int zstdLevel) {
    return new ConversionOptions(platforms, dedupFrom, zstdLevel, jobs, recipes);
  }

  public ConversionOptions withJobs(int threads) {
    return new ConversionOptions(platforms, dedupFrom, level, threads, recipes);
  }

  public ConversionOptions withRecipes(boolean stored) {
    return new ConversionOptions(platforms, dedupFrom, level, jobs, stored);
  }
}
