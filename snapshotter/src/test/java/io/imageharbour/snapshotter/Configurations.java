package io.imageharbour.snapshotter;

import java.nio.file.Path;

/** Configurations for tests. */
public final class Configurations {

  private Configurations() {}

  /** Everything below one directory, nothing of the machine's own containerd. */
  public static HarbourdConfig in(Path directory) throws ConfigurationException {
    return ConfigFile.parse(
        "test",
        """
        root = "%1$s/r"
        address = "%1$s/h.sock"
        [containerd]
        address = ""
        [registry]
        certs-directories = []
        docker-config = "%1$s/docker"
        """
            .formatted(directory));
  }
}
