package io.imageharbour.indexer.layer;

import io.imageharbour.indexer.HarbourException;

/** A layer is no archive that could be unpacked: truncated, damaged, or with impossible entries. */
public final class MalformedLayerException extends HarbourException {

  private static final long serialVersionUID = 1;

  public MalformedLayerException(String message) {
    super(message);
  }

  public MalformedLayerException(String message, Throwable cause) {
    super(message, cause);
  }
}
