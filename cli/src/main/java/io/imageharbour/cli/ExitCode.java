package io.imageharbour.cli;

/**
 * What {@code harbourctl} ends with. Scripts depend on these numbers: they are shown by {@code
 * --help}, written down in {@code docs/harbourctl.md}, and never change their meaning.
 */
final class ExitCode {

  /** Everything was done, or everything that was checked is right. */
  static final int OK = 0;

  /** The command worked, and what it checked is not right. */
  static final int CHECK_FAILED = 1;

  /** The command line makes no sense. */
  static final int USAGE = 2;

  /** No such image or file. */
  static final int NOT_FOUND = 3;

  /** The registry wants other credentials. */
  static final int UNAUTHORISED = 4;

  /** What came is damaged, hostile, or not what it should be. */
  static final int INVALID = 5;

  /** The registry does not answer, or answers with an error of its own. */
  static final int NETWORK = 6;

  /** This machine is the trouble: a full disk, a file that may not be read, no containerd. */
  static final int LOCAL = 7;

  /** The index was made by a newer Harbour: the image is well, this program is old. */
  static final int TOO_NEW = 8;

  /** A bug in Harbour ({@code EX_SOFTWARE} of sysexits.h). */
  static final int INTERNAL = 70;

  /** Ended by Ctrl-C, as a shell reports it. */
  static final int INTERRUPTED = 130;

  /** The reader of the output went away, as a shell reports it. */
  static final int BROKEN_PIPE = 141;

  private ExitCode() {}
}
