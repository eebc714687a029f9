package io.imageharbour.cli.doctor;

import com.fasterxml.jackson.core.JsonGenerator;
import io.imageharbour.cli.text.Escaped;
import io.imageharbour.cli.text.Json;
import io.imageharbour.cli.text.Quantity;
import io.imageharbour.snapshotter.probe.Finding;
import io.imageharbour.snapshotter.probe.Finding.Level;
import io.imageharbour.snapshotter.probe.KernelProbe;
import io.imageharbour.snapshotter.probe.TreeChoice;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Help.Ansi;

/** Everything that {@code harbourctl doctor} found out about this machine. */
public final class Checkup {

  private final List<Finding> findings;

  private Checkup(List<Finding> findings) {
    this.findings = findings;
  }

  /**
   * Looks at the kernel, at containerd, at {@code harbourd} and at Docker.
   *
   * @param root the root directory of {@code harbourd}, whether it is there already or not
   * @param tree how trees are mounted
   * @param containerdConfig containerd's configuration
   * @param address the socket of {@code harbourd}, where that configuration names none
   * @param dockerConfig Docker's {@code daemon.json}, which need not be there
   */
  public static Checkup run(
      Path root, TreeChoice tree, Path containerdConfig, Path address, Path dockerConfig)
      throws InterruptedException {
    List<Finding> findings = new ArrayList<>(kernel(root, tree));
    findings.addAll(ContainerdCheckup.run(containerdConfig, address));
    findings.addAll(DockerCheckup.run(dockerConfig));
    return new Checkup(findings);
  }

  /** Whether index images run on this machine. */
  public boolean isHealthy() {
    return findings.stream().noneMatch(finding -> finding.level() == Level.FAILURE);
  }

  private static List<Finding> kernel(Path root, TreeChoice tree) {
    try {
      return KernelProbe.run(existing(root), tree).findings();
    } catch (IOException e) {
      return List.of(
          new Finding(
              "kernel",
              Level.FAILURE,
              "can't be tried: " + e,
              "run this as root, and see that " + root + " is on a disk that can be written to"));
    }
  }

  /** The directory, or before harbourd was first started, the nearest one that will hold it. */
  private static Path existing(Path directory) {
    Path existing = directory.toAbsolutePath();
    while (!Files.isDirectory(existing) && existing.getParent() != null) {
      existing = existing.getParent();
    }
    return existing;
  }

  /** Writes the findings with what to do about them. */
  public void writeText(boolean colour, Writer out) throws IOException {
    for (Finding finding : findings) {
      String mark =
          switch (finding.level()) {
            case GOOD -> "@|green ok  |@";
            case WARNING -> "@|yellow warn|@";
            case FAILURE -> "@|red,bold FAIL|@";
          };
      out.write(
          "%s  %s: %s%n"
              .formatted(
                  (colour ? Ansi.ON : Ansi.OFF).string(mark),
                  finding.subject(),
                  Escaped.line(finding.result())));
      for (String line : finding.advice().lines().toList()) {
        out.write("      | " + Escaped.line(line) + "\n");
      }
    }
    long failures = findings.stream().filter(finding -> finding.level() == Level.FAILURE).count();
    out.write(
        failures == 0
            ? "\nIndex images run on this machine.\n"
            : "\nIndex images don't run on this machine yet: "
                + Quantity.count(failures, "failure")
                + ".\n");
  }

  /** Writes the findings as an array of objects. */
  public void writeJson(Writer out) throws IOException {
    try (JsonGenerator generator = Json.generator(out)) {
      generator.writeStartArray();
      for (Finding finding : findings) {
        generator.writeStartObject();
        generator.writeStringField("subject", finding.subject());
        generator.writeStringField("level", finding.level().name().toLowerCase(Locale.ROOT));
        generator.writeStringField("result", finding.result());
        generator.writeStringField("advice", finding.advice());
        generator.writeEndObject();
      }
      generator.writeEndArray();
    }
    out.write("\n");
  }
}
