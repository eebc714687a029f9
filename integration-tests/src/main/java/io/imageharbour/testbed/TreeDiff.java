package io.imageharbour.testbed;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Compares trees with {@code harbourctl diff}. */
public final class TreeDiff {

  private static final ObjectMapper JSON = new ObjectMapper();

  private TreeDiff() {}

  /** One property of one path that differs, as the command tells it. */
  public record Difference(String path, String property, String left, String right) {
    @Override
    public String toString() {
      return "%s: %s is %s in one and %s in the other".formatted(path, property, left, right);
    }
  }

  /** The outcome of a comparison: how many paths there are, and what differs. */
  public record Comparison(int paths, List<Difference> differences) {}

  /**
   * Compares two trees, which are read to the last byte.
   *
   * @param left a directory, or the reference of an image
   * @param right the same
   */
  public static Comparison compare(Object left, Object right)
      throws IOException, InterruptedException {
    Command.Output output =
        HarbourTree.locate().harbourctl("diff", "--json", left, right).attempt();
    if (output.exit() > 1) {
      throw new CommandFailedException("harbourctl diff: " + output.errors());
    }
    JsonNode report = JSON.readTree(output.bytes());
    List<Difference> differences = new ArrayList<>();
    for (JsonNode difference : report.path("differences")) {
      differences.add(
          new Difference(
              difference.path("path").asText(),
              difference.path("property").asText(),
              difference.path("left").asText(),
              difference.path("right").asText()));
    }
    return new Comparison(report.path("paths").asInt(), differences);
  }
}
