package io.imageharbour.cli.tree;

import io.imageharbour.indexer.HarbourException;

/** The image has no file of that name. */
public final class PathNotFoundException extends HarbourException {

  private static final long serialVersionUID = 1;

  PathNotFoundException(String message) {
    super(message);
  }
}
