package io.imageharbour.snapshotter;

import io.imageharbour.pool.process.ConfigurationException;
import java.nio.file.Path;

/** Configurations for tests. */
public final class Configurations {

  private Configurations() {}

  /** Everything below one directory, nothing of the machine's own containerd. */
  public static HarbourdConfig in(Path directory) throws ConfigurationException {
    return in(directory, "");
  }

  /** The same with a line more. */
  public static HarbourdConfig in(Path directory, String line) throws ConfigurationException {
    return ConfigFile.parse("test", text(directory, line));
  }

  /** That as the text of a file. */
  public static String text(Path directory, String line) {
    return """
        root = "%1$s/r"
        address = "%1$s/h.sock"
        %2$s
        [containerd]
        address = ""
        [registry]
        certs-directories = []
        docker-config = "%1$s/docker"
        """
        .formatted(directory, line);
  }
}
