package io.imageharbour.snapshotter.probe;

import io.imageharbour.snapshotter.mounts.IndexMounting;
import java.util.List;
import java.util.Optional;

/**
 * What {@link KernelProbe} found.
 *
 * @param findings one for each thing that was looked at, for people
 * @param indexMounting how index snapshots are mounted; nothing if this machine can't
 * @param overlayOptions what every overlay mount gets
 */
public record KernelReport(
    List<Finding> findings, Optional<IndexMounting> indexMounting, List<String> overlayOptions) {

  public KernelReport {
    findings = List.copyOf(findings);
    overlayOptions = List.copyOf(overlayOptions);
  }

  /** The findings that keep index images from running, in one line; empty if there are none. */
  public String failures() {
    return String.join(
        "; ",
        findings.stream()
            .filter(finding -> finding.level() == Finding.Level.FAILURE)
            .map(f -> f.subject() + ": " + f.result() + " (" + f.advice() + ")")
            .toList());
  }
}
