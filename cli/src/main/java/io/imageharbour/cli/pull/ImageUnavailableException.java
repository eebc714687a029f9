package io.imageharbour.cli.pull;

import io.imageharbour.indexer.HarbourException;

/** What the registry has under a name is no image that could be pulled for the wanted platform. */
public final class ImageUnavailableException extends HarbourException {

  private static final long serialVersionUID = 1;

  ImageUnavailableException(String message) {
    super(message);
  }
}
