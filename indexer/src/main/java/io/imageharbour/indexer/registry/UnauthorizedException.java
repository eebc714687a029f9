package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.HarbourException;

/** The registry, or its token server, wants other credentials than those it was given. */
public final class UnauthorizedException extends HarbourException {

  private static final long serialVersionUID = 1;

  UnauthorizedException(String message) {
    super(message);
  }
}
