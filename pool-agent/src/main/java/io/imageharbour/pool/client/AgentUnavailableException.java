package io.imageharbour.pool.client;

import io.imageharbour.indexer.HarbourException;

/** An agent of the pool can't be used just now. */
public final class AgentUnavailableException extends HarbourException {

  private static final long serialVersionUID = 1;

  AgentUnavailableException(String message) {
    super(message);
  }

  AgentUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }

  /** Whether the agent is there, and wants another token. */
  public boolean isUnauthorized() {
    return AgentChannel.isSessionOver(this);
  }
}
