package io.imageharbour.fusefs.kernel;

import io.imageharbour.indexer.HarbourException;

/** A request that does not have the form that the FUSE protocol gives it. */
final class MalformedRequestException extends HarbourException {

  private static final long serialVersionUID = 1;

  MalformedRequestException(String message) {
    super(message);
  }
}
