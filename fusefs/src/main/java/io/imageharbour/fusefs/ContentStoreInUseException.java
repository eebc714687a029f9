package io.imageharbour.fusefs;

import io.imageharbour.indexer.HarbourException;
import java.nio.file.Path;

/** Another process, or another part of this one, has the content store open. */
public final class ContentStoreInUseException extends HarbourException {

  private static final long serialVersionUID = 1;

  ContentStoreInUseException(Path root) {
    super(
        "the content store in "
            + root
            + " is in use by another process; stop that one, or choose another root directory");
  }
}
