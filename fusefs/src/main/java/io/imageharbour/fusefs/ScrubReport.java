package io.imageharbour.fusefs;

import io.imageharbour.indexer.Digest;
import java.util.List;

/**
 * What a look at every file of the CAS found.
 *
 * @param files that were looked at
 * @param bytes in them
 * @param removed files that did not have their digest and were removed; they are fetched again when
 *     they are read
 */
public record ScrubReport(long files, long bytes, List<Digest> removed) {

  public ScrubReport {
    removed = List.copyOf(removed);
  }
}
