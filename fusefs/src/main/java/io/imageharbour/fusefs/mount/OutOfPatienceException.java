package io.imageharbour.fusefs.mount;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;
import java.time.Duration;

/** A file is still on its way after the time that its reader gives it. */
final class OutOfPatienceException extends HarbourException {

  private static final long serialVersionUID = 1;

  OutOfPatienceException(Digest digest, Duration patience) {
    super("%s has not come within %s".formatted(digest, patience));
  }
}
