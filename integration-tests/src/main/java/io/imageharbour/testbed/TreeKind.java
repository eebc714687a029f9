package io.imageharbour.testbed;

import java.util.Locale;

/** How a harbourd is told to mount the trees of index images. */
public enum TreeKind {
  AUTO,
  FUSE;

  /** What its table {@code index} says of that. */
  String toml() {
    return "tree = \"" + name().toLowerCase(Locale.ROOT) + "\"\n";
  }
}
