package io.imageharbour.testbed.image;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;

/** Every field of an image's config that the OCI specification or Docker knows. */
final class ConfiguredImage {

  private static final String CONFIG =
      """
      {
        "author": "Somebody <somebody@example.com>",
        "os.version": "6.1", "os.features": ["one", "two"],
        "container": "0123456789ab", "docker_version": "26.1.5", "comment": "made up",
        "com.example.unknown": {"kept": [1, 2.5, null, "\u00fc"]},
        "config": {
          "Hostname": "", "Domainname": "", "AttachStdin": false, "Tty": false,
          "User": "33:4", "WorkingDir": "/var/work dir",
          "Env": ["PATH=/usr/bin:/bin", "EMPTY=", "ODD=a=b \\"c\\" $d \u00fc"],
          "Entrypoint": ["/bin/sh", "-c"],
          "Cmd": ["id; pwd; env | sort; cat /proc/self/status | grep Sig", "zero", "one two"],
          "ExposedPorts": {"80/tcp": {}, "53/udp": {}},
          "Volumes": {"/data": {}, "/var/work dir/more": {}},
          "Labels": {"com.example.label": "value", "empty": ""},
          "StopSignal": "SIGQUIT", "StopTimeout": 7, "ArgsEscaped": true,
          "OnBuild": ["RUN true"], "Shell": ["/bin/bash", "-c"],
          "Healthcheck": {"Test": ["CMD", "true"], "Interval": 1000000000, "Retries": 3},
          "Memory": 1073741824, "MemorySwap": -1, "CpuShares": 512
        }
      }
      """;

  private ConfiguredImage() {}

  static OciLayout build(OciLayout base, Path target) throws IOException {
    OciLayout layout = OciLayout.create(target);
    OciLayout.Layer layer = layout.addLayer(base, base.layers().getFirst());
    return layout.finish(
        layout.addImage(TestImages.architecture(), List.of(layer), ConfiguredImage::configure));
  }

  private static void configure(ObjectNode config) {
    try {
      config.setAll((ObjectNode) new ObjectMapper().readTree(CONFIG));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    config
        .withArrayProperty("history")
        .addObject()
        .put("created_by", "ENV ODD")
        .put("empty_layer", true)
        .put("comment", "no layer of its own")
        .put("author", "Somebody");
  }
}
