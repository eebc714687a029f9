package io.imageharbour.cli.doctor;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.snapshotter.probe.Finding;
import io.imageharbour.snapshotter.probe.Finding.Level;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Whether Docker, where it is configured, uses Harbour as it should: it must keep its images in
 * containerd to use a snapshotter at all.
 */
final class DockerCheckup {

  private static final String SUBJECT = "Docker";

  private static final String FEATURE_LINE =
      """
      add to %s
        "features": { "containerd-snapshotter": true }
      and restart Docker""";

  private DockerCheckup() {}

  /**
   * Reads Docker's configuration. What is wrong with it is a warning at most: containerd's other
   * clients don't need Docker.
   *
   * @param configFile {@code daemon.json}; a machine without it has nothing to find
   */
  static List<Finding> run(Path configFile) {
    if (!Files.exists(configFile)) {
      return List.of();
    }
    try {
      return List.of(judge(configFile, new ObjectMapper().readTree(Files.readString(configFile))));
    } catch (JacksonException e) {
      return List.of(unreadable(configFile, "is not JSON: " + e.getOriginalMessage()));
    } catch (IOException e) {
      return List.of(unreadable(configFile, "can't be read: " + e));
    }
  }

  private static Finding judge(Path configFile, JsonNode config) {
    String driver = config.path("storage-driver").asText("");
    if (!driver.equals("harbour")) {
      return new Finding(
          SUBJECT,
          Level.GOOD,
          "uses " + (driver.isEmpty() ? "its default storage driver" : driver) + ", not harbour",
          "");
    }
    if (!config.at("/features/containerd-snapshotter").asBoolean()) {
      return new Finding(
          SUBJECT,
          Level.WARNING,
          "has the storage driver harbour but does not keep images in containerd: it does not start,"
              + " with \"driver not supported: harbour\"",
          FEATURE_LINE.formatted(configFile));
    }
    return new Finding(SUBJECT, Level.GOOD, "uses the snapshotter harbour", "");
  }

  private static Finding unreadable(Path configFile, String fault) {
    return new Finding(
        SUBJECT, Level.WARNING, configFile + " " + fault, "make it right and restart Docker");
  }
}
