package io.imageharbour.cli;

import io.imageharbour.pool.client.AgentUnavailableException;
import java.util.Collection;

/** What becomes of a command of which some agents did not hear. */
final class PoolFailures {

  private PoolFailures() {}

  /** Says on standard error which agents failed, and gives the exit code for it. */
  static int report(Collection<AgentUnavailableException> failures, HarbourCtl root) {
    for (AgentUnavailableException failure : failures) {
      int unused = Failures.report(failure, root.isVerbose(), root.streams().err());
    }
    return exitCode(failures);
  }

  /** The exit code: that of the first failure. */
  static int exitCode(Collection<AgentUnavailableException> failures) {
    return failures.stream().findFirst().map(Failures::exitCode).orElse(ExitCode.OK);
  }
}
