package io.imageharbour.testbed;

import java.util.Locale;

/** How a harbourd is told to mount the trees of index images. */
public enum TreeKind {
  AUTO,
  FUSE;

  /** What its configuration says of that. */
  String toml() {
    return "[index]\ntree = \"" + name().toLowerCase(Locale.ROOT) + "\"\nattached-from = [\"*\"]\n";
  }
}
