package io.imageharbour.cli.doctor;

import com.fasterxml.jackson.core.JacksonException;
import io.imageharbour.indexer.HarbourException;
import java.nio.file.Path;

/** A configuration file of containerd that is not TOML. */
final class InvalidContainerdConfigException extends HarbourException {

  private static final long serialVersionUID = 1;

  InvalidContainerdConfigException(Path file, JacksonException cause) {
    super(
        file
            + " is not TOML: "
            + cause.getOriginalMessage()
            + " (line "
            + cause.getLocation().getLineNr()
            + ")",
        cause);
  }
}
