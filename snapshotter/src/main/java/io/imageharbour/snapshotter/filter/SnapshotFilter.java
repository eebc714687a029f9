package io.imageharbour.snapshotter.filter;

import io.imageharbour.snapshotter.store.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Filters in containerd's syntax:
 *
 * <pre>
 *   filter    = "" | selector { "," selector }
 *   selector  = field { "." field } [ ( "==" | "!=" | "~=" ) value ]
 *   field     = quoted | letters, digits and "_"
 *   value     = quoted | anything up to "," or white space
 *   quoted    = a Go string in double quotes; as the value of "~=" also in "/" or "|"
 * </pre>
 *
 * All selectors of a filter must hold. Regular expressions are RE2's, as in Go: linear time. What
 * is no regular expression is an error here, where containerd's own parser lets it match nothing.
 */
public final class SnapshotFilter {

  /** Longest filter that is read, in characters. */
  static final int MAX_LENGTH = 16 * 1024;

  private SnapshotFilter() {}

  /**
   * What any of these filters lets pass; everything, if there are none.
   *
   * @throws FilterSyntaxException if one of them can't be read
   */
  public static Predicate<Snapshot> anyOf(List<String> filters) throws FilterSyntaxException {
    if (filters.isEmpty()) {
      return snapshot -> true;
    }
    List<List<Selector>> parsed = new ArrayList<>();
    for (String filter : filters) {
      parsed.add(new FilterParser(filter).parse());
    }
    return snapshot ->
        parsed.stream()
            .anyMatch(selectors -> selectors.stream().allMatch(one -> one.test(snapshot)));
  }
}
