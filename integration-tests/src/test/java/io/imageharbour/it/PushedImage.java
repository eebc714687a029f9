package io.imageharbour.it;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.testbed.Command;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What skopeo reads of an image in a registry without TLS. */
final class PushedImage {

  private static final ObjectMapper JSON = new ObjectMapper();

  private PushedImage() {}

  /** The digests of the layers of an image for this machine's platform. */
  static List<String> layers(String image) throws IOException, InterruptedException {
    List<String> layers = new ArrayList<>();
    inspect(image).path("Layers").forEach(layer -> layers.add(layer.asText()));
    return layers;
  }

  /** The bytes of the layers of an image that has one platform and no list. */
  static long layerBytes(String image) throws IOException, InterruptedException {
    return inspect(image, "--raw").path("layers").findValues("size").stream()
        .mapToLong(JsonNode::asLong)
        .sum();
  }

  private static JsonNode inspect(String image, Object... options)
      throws IOException, InterruptedException {
    return JSON.readTree(
        Command.of("skopeo", "inspect", "--tls-verify=false")
            .withArguments(options)
            .withArguments("docker://" + image)
            .run()
            .bytes());
  }
}
