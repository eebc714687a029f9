package io.imageharbour.snapshotter.filter;

import io.imageharbour.indexer.HarbourException;

/** A filter that does not follow containerd's filter syntax. */
public final class FilterSyntaxException extends HarbourException {

  private static final long serialVersionUID = 1;

  FilterSyntaxException(String filter, int position, String problem) {
    super(
        "cannot read the filter \"%s\": %s at character %d; write it as in name==x,labels.\"a.b\"~=y"
            .formatted(filter, problem, position + 1));
  }
}
