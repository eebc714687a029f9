package io.imageharbour.cli.mount;

import io.imageharbour.fusefs.ContentNames;
import io.imageharbour.fusefs.TreeMount;
import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.process.FieldValue;
import java.util.Optional;

/** Says what the contents of one mounted image are called. Safe for use by several threads. */
final class TreeNames implements ContentNames {

  private final String image;
  private volatile Optional<TreeMount> mount = Optional.empty();

  TreeNames(String image) {
    this.image = image;
  }

  /** From now on the paths of contents are known, too. */
  void mounted(TreeMount tree) {
    mount = Optional.of(tree);
  }

  @Override
  public String describe(Digest digest) {
    return "image="
        + FieldValue.of(image)
        + mount
            .flatMap(tree -> tree.pathOf(digest))
            .map(path -> " path=" + FieldValue.of(path))
            .orElse("");
  }
}
