package io.imageharbour.cli.pull;

import com.fasterxml.jackson.core.JsonGenerator;
import io.imageharbour.cli.text.Json;
import io.imageharbour.cli.text.Quantity;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.ImageReference;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;
import java.time.Duration;

/**
 * What a pull did.
 *
 * @param pull where to and how
 * @param image its name
 * @param digest what the name points to
 * @param layers all of the image
 * @param fetched layers that came from the registry
 * @param found layers that had a snapshot already, or that the snapshotter had one for
 * @param fetchedBytes of the layers that came from the registry
 * @param elapsed time that it took
 */
public record PullSummary(
    ImagePull pull,
    ImageReference image,
    Digest digest,
    int layers,
    int fetched,
    int found,
    long fetchedBytes,
    Duration elapsed) {

  /** The socket that {@code ctr} takes if nothing else is said. */
  public static final Path DEFAULT_SOCKET = Path.of("/run/containerd/containerd.sock");

  /** The namespace that {@code ctr} takes if nothing else is said. */
  public static final String DEFAULT_NAMESPACE = "default";

  /** Docker's. */
  private static final String DOCKER_NAMESPACE = "moby";

  /** Writes lines for people. */
  public void writeText(Writer out) throws IOException {
    out.write("Pulled " + image.withDigest(digest) + "\n");
    out.write(
        Quantity.count(layers, "layer")
            + ": "
            + Quantity.count(found)
            + " found, "
            + Quantity.count(fetched)
            + " fetched ("
            + Quantity.bytes(fetchedBytes)
            + "), in "
            + Quantity.seconds(elapsed)
            + "\n");
    out.write("Run it:  " + runCommand() + "\n");
  }

  /** Writes an object. */
  public void writeJson(Writer out) throws IOException {
    try (JsonGenerator json = Json.generator(out)) {
      json.writeStartObject();
      json.writeStringField("image", image.toString());
      json.writeStringField("digest", digest.toString());
      json.writeStringField("platform", pull.platform().toString());
      json.writeStringField("snapshotter", pull.snapshotter());
      json.writeObjectFieldStart("layers");
      json.writeNumberField("total", layers);
      json.writeNumberField("fetched", fetched);
      json.writeNumberField("found", found);
      json.writeEndObject();
      json.writeNumberField("fetchedBytes", fetchedBytes);
      json.writeNumberField("seconds", elapsed.toMillis() / 1000.0);
      json.writeEndObject();
    }
    out.write("\n");
  }

  private String runCommand() {
    if (pull.namespace().equals(DOCKER_NAMESPACE)) {
      return "docker run --rm -it " + image;
    }
    return "ctr "
        + (pull.socket().equals(DEFAULT_SOCKET) ? "" : "--address " + pull.socket() + " ")
        + (pull.namespace().equals(DEFAULT_NAMESPACE) ? "" : "-n " + pull.namespace() + " ")
        + "run --rm -t --snapshotter "
        + pull.snapshotter()
        + " "
        + image
        + " NAME";
  }
}
