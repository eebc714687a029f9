package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.image.PackVerifier;
import io.imageharbour.indexer.image.Platform;
import io.imageharbour.indexer.registry.Repository;
import java.util.List;

/** What is wrong with an index image. */
final class Verifications {

  private Verifications() {}

  static List<String> problems(Repository repository, String tag, Platform platform)
      throws Exception {
    return new PackVerifier(PackVerifier.Listener.SILENT)
        .verify(IndexImage.open(repository, tag, platform))
        .problems();
  }
}
