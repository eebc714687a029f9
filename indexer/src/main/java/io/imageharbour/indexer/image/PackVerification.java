package io.imageharbour.indexer.image;

import java.util.List;

/**
 * What {@link PackVerifier} found.
 *
 * @param packs how many packs were read
 * @param frames how many frames were inflated
 * @param chunks how many chunks were hashed
 * @param contents how many file contents were complete and right
 * @param bytes how many bytes of packs were read
 * @param problems what is wrong, one line each, fit for people; at most {@link #MAX_PROBLEMS}, the
 *     last line then says how many more there are
 */
public record PackVerification(
    int packs, int frames, long chunks, long contents, long bytes, List<String> problems) {

  /** How many problems are listed. */
  public static final int MAX_PROBLEMS = 100;

  public PackVerification {
    problems = List.copyOf(problems);
  }

  /** Whether nothing is wrong. */
  public boolean isSound() {
    return problems.isEmpty();
  }
}
