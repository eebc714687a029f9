package io.imageharbour.fusefs.fetch;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;
import java.io.IOException;

/** No source brought a chunk. */
public final class FetchFailedException extends HarbourException {

  private static final long serialVersionUID = 1;

  private final String reason;

  FetchFailedException(Digest digest, String reason) {
    super("can't fetch " + digest + ": " + reason);
    this.reason = reason;
  }

  private FetchFailedException(Digest digest, String reason, Throwable cause) {
    super("can't fetch " + digest + ": " + reason, cause);
    this.reason = reason;
  }

  /** The failure of one who waited for {@code digest} in a flight that failed because of this. */
  static FetchFailedException of(Digest digest, Throwable cause) {
    String reason =
        switch (cause) {
          case FetchFailedException flight -> flight.reason;
          case IOException known when known.getMessage() != null -> known.getMessage();
          default -> cause.toString();
        };
    return new FetchFailedException(digest, reason, cause);
  }
}
