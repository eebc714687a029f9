package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.HarbourException;

/** A text that was given as an image reference or a repository name and is none. */
public final class InvalidReferenceException extends HarbourException {

  private static final long serialVersionUID = 1;

  InvalidReferenceException(String what, String text, String why) {
    super(
        "%s is no %s: %s. Expected [HOST[:PORT]/]NAME[:TAG][@sha256:DIGEST]"
            .formatted(Printable.quote(text), what, why));
  }
}
