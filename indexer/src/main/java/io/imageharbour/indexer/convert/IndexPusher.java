package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.convert.ConversionSummary.ConvertedPlatform;
import io.imageharbour.indexer.convert.ManifestJson.PushedRecipe;
import java.io.IOException;
import java.util.Optional;

/** How the indexes that a conversion made get into the registry. For one thread. */
interface IndexPusher {

  /**
   * Pushes the index of one platform, whose packs are there.
   *
   * @param recipe of the source, if one was made; its blob is there
   */
  ConvertedPlatform push(SourceImage source, ImageIndex index, Optional<PushedRecipe> recipe)
      throws IOException, InterruptedException;

  /**
   * All platforms are pushed.
   *
   * @return digest of what people ask for: what the tag points to
   */
  Digest finish() throws IOException, InterruptedException;

  /** Size of the indexes as they were pushed, compressed. */
  long indexBytes();
}
