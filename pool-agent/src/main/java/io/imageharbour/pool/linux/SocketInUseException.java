package io.imageharbour.pool.linux;

import io.imageharbour.indexer.HarbourException;
import java.nio.file.Path;

/** A socket can't be listened on because its path is another's. */
public final class SocketInUseException extends HarbourException {

  private static final long serialVersionUID = 1;

  SocketInUseException(Path path, String by) {
    super(
        "cannot listen on the socket "
            + path
            + ": "
            + by
            + "; stop that one, or choose another path with the key \"socket\"");
  }
}
