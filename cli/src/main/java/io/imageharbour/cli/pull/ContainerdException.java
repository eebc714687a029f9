package io.imageharbour.cli.pull;

import io.imageharbour.indexer.HarbourException;

/** containerd does not answer, or can't do what it was asked. */
public final class ContainerdException extends HarbourException {

  private static final long serialVersionUID = 1;

  ContainerdException(String message) {
    super(message);
  }

  ContainerdException(String message, Throwable cause) {
    super(message, cause);
  }
}
