package io.imageharbour.fusefs;

import java.util.List;

/**
 * What a {@link ContentStore} has done since it was opened, for metrics.
 *
 * @param opens files opened through the content mount
 * @param openHits those of them that the CAS held already
 * @param reads requests to read that the kernel sent (not those it served itself)
 * @param ingestedFiles files that came into the CAS
 * @param ingestedBytes their bytes, uncompressed
 * @param failedReads opens and reads that got an error
 * @param wrongDigests chunks that were thrown away because they failed their digest
 * @param passthrough whether the kernel reads CAS files by itself
 * @param sources what each source did, in the order in which they are asked
 */
public record ContentStats(
    long opens,
    long openHits,
    long reads,
    long ingestedFiles,
    long ingestedBytes,
    long failedReads,
    long wrongDigests,
    boolean passthrough,
    List<Source> sources) {

  public ContentStats {
    sources = List.copyOf(sources);
  }

  /**
   * What one source did.
   *
   * @param name of the source
   * @param fetches that were asked of it
   * @param failures those of them that failed
   * @param chunks that it brought and that were unpacked; most frames that come along never are
   * @param bytes of those chunks, uncompressed
   * @param nanos that the fetches took which did not fail, in nanoseconds, added up
   * @param hedges fetches that took so long that the next source was asked as well
   */
  public record Source(
      String name, long fetches, long failures, long chunks, long bytes, long nanos, long hedges) {}
}
