package io.imageharbour.pool.agent;

import io.imageharbour.indexer.HarbourException;
import java.io.IOException;

/** The agent can't be reached where it was told to listen. */
public final class CannotListenException extends HarbourException {

  private static final long serialVersionUID = 1;

  CannotListenException(String address, IOException cause) {
    super(
        "cannot listen on "
            + address
            + ": "
            + (cause.getCause() == null ? cause.getMessage() : cause.getCause().getMessage())
            + "; choose another with --listen",
        cause);
  }
}
