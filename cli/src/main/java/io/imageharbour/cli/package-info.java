/**
 * The command {@code harbourctl}: {@link io.imageharbour.cli.HarbourCtl} wires it, a class for each
 * subcommand runs it, {@code ExitCode} and {@code Failures} say how it ends.
 */
package io.imageharbour.cli;
