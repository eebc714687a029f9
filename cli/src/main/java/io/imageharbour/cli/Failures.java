package io.imageharbour.cli;

import io.imageharbour.cli.pull.ContainerdException;
import io.imageharbour.cli.text.Escaped;
import io.imageharbour.cli.tree.PathNotFoundException;
import io.imageharbour.fusefs.ContentTableException;
import io.imageharbour.fusefs.TreeMountException;
import io.imageharbour.fusefs.linux.LinuxException;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.format.IndexTooNewException;
import io.imageharbour.indexer.format.RecipeTooNewException;
import io.imageharbour.indexer.registry.BlobNotFoundException;
import io.imageharbour.indexer.registry.InvalidReferenceException;
import io.imageharbour.indexer.registry.ManifestNotFoundException;
import io.imageharbour.indexer.registry.RegistryConfigurationException;
import io.imageharbour.indexer.registry.RegistryRefusedException;
import io.imageharbour.indexer.registry.RegistryUnavailableException;
import io.imageharbour.indexer.registry.UnauthorizedException;
import io.imageharbour.pool.client.AgentUnavailableException;
import io.imageharbour.pool.process.ConfigurationException;
import io.imageharbour.snapshotter.NoAgentsException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Objects;

/** The one place where a failure becomes a line for people and an {@link ExitCode}. */
final class Failures {

  private Failures() {}

  /** Reports a failure on {@code err}, with its stack trace if that is wanted. */
  static int report(Exception failure, boolean verbose, PrintStream err) {
    Exception cause =
        failure instanceof UncheckedIOException io
            ? Objects.requireNonNull(io.getCause())
            : failure;
    int code = exitCode(cause);
    if (code == ExitCode.BROKEN_PIPE) {
      return code;
    }
    err.println("harbourctl: " + line(cause, code));
    if (verbose) {
      cause.printStackTrace(err);
    }
    return code;
  }

  static int exitCode(Exception failure) {
    return switch (failure) {
      case OutputFailedException output when output.isReaderGone() -> ExitCode.BROKEN_PIPE;
      case InterruptedException _, InterruptedIOException _ -> ExitCode.INTERRUPTED;
      case UsageException _, InvalidReferenceException _ -> ExitCode.USAGE;
      case ManifestNotFoundException _, BlobNotFoundException _, PathNotFoundException _ ->
          ExitCode.NOT_FOUND;
      case UnauthorizedException _ -> ExitCode.UNAUTHORISED;
      case AgentUnavailableException agent ->
          agent.isUnauthorized() ? ExitCode.UNAUTHORISED : ExitCode.NETWORK;
      case RegistryUnavailableException _, RegistryRefusedException _, NoAgentsException _ ->
          ExitCode.NETWORK;
      case OutputFailedException _,
          ContainerdException _,
          RegistryConfigurationException _,
          ConfigurationException _,
          FileSystemException _,
          LinuxException _,
          ContentTableException _,
          TreeMountException _ ->
          ExitCode.LOCAL;
      case IndexTooNewException _, RecipeTooNewException _ -> ExitCode.TOO_NEW;
      // every other failure that Harbour expects is about what it was given to read
      case HarbourException _ -> ExitCode.INVALID;
      case IOException _ -> ExitCode.LOCAL;
      default -> ExitCode.INTERNAL;
    };
  }

  private static String line(Exception failure, int code) {
    return switch (failure) {
      case HarbourException expected -> Escaped.line(String.valueOf(expected.getMessage()));
      case InterruptedException _, InterruptedIOException _ -> "interrupted";
      case FileSystemException file -> Escaped.line(file.getFile() + ": " + reason(file));
      default ->
          Escaped.line(failure.toString())
              + (code == ExitCode.INTERNAL
                  ? " (a bug in Harbour; -v shows where it happened)"
                  : "");
    };
  }

  /** The JDK gives no reason for those whose class says it. */
  private static String reason(FileSystemException failure) {
    return switch (failure) {
      case AccessDeniedException _ -> "access denied";
      case NoSuchFileException _ -> "no such file";
      case NotDirectoryException _ -> "not a directory";
      default -> {
        String reason = failure.getReason();
        yield reason != null ? reason : failure.getClass().getSimpleName();
      }
    };
  }
}
