package io.imageharbour.pool.policy;

import io.imageharbour.indexer.HarbourException;

/** A configuration names an eviction policy that doesn't exist. */
public final class UnknownPolicyException extends HarbourException {

  private static final long serialVersionUID = 1;

  UnknownPolicyException(String message) {
    super(message);
  }
}
