package io.imageharbour.cli.diff;

import com.fasterxml.jackson.core.JsonGenerator;
import io.imageharbour.cli.text.Escaped;
import io.imageharbour.cli.text.Json;
import io.imageharbour.cli.text.Quantity;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;

/**
 * Tells what differs between two trees.
 *
 * @param left what the first tree is called
 * @param right what the second tree is called
 */
public record DiffReport(TreeComparison comparison, String left, String right) {

  /** One line for each difference, and one about all. */
  public void writeText(Writer out) throws IOException {
    for (Difference difference : comparison.differences()) {
      out.write(name(difference.path()) + ": " + describe(difference) + "\n");
    }
    int count = comparison.differences().size();
    out.write(
        "%s compared: %s%n"
            .formatted(
                Quantity.count(comparison.paths(), "path"),
                count == 0 ? "no difference" : Quantity.count(count, "difference")));
  }

  /** An object with all differences. */
  public void writeJson(Writer out) throws IOException {
    try (JsonGenerator json = Json.generator(out)) {
      json.writeStartObject();
      json.writeStringField("left", left);
      json.writeStringField("right", right);
      json.writeNumberField("paths", comparison.paths());
      json.writeArrayFieldStart("differences");
      for (Difference difference : comparison.differences()) {
        json.writeStartObject();
        Json.writeBytes(json, "path", bytes(difference.path()));
        json.writeStringField("property", difference.property().toString());
        if (!difference.name().isEmpty()) {
          json.writeStringField("xattr", difference.name());
        }
        json.writeStringField("left", difference.left());
        json.writeStringField("right", difference.right());
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    out.write("\n");
  }

  private String describe(Difference difference) {
    if (difference.property() == Property.TYPE && difference.right().equals(Difference.NOTHING)) {
      return "only in " + Escaped.line(left) + " (" + difference.left() + ")";
    }
    if (difference.property() == Property.TYPE && difference.left().equals(Difference.NOTHING)) {
      return "only in " + Escaped.line(right) + " (" + difference.right() + ")";
    }
    String what =
        difference.name().isEmpty()
            ? difference.property().toString()
            : "xattr " + Escaped.line(difference.name());
    return "%s is %s in %s, %s in %s"
        .formatted(
            what, difference.left(), Escaped.line(left), difference.right(), Escaped.line(right));
  }

  private static String name(String path) {
    return Escaped.name(bytes(path));
  }

  private static byte[] bytes(String path) {
    return path.getBytes(StandardCharsets.ISO_8859_1);
  }
}
