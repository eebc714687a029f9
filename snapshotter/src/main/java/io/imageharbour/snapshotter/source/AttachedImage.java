package io.imageharbour.snapshotter.source;

import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** An image whose index lies beside it in its registry. */
public interface AttachedImage {

  /**
   * What the image's layers are called once they are unpacked, the bottom one first: the chain IDs
   * of the OCI image specification. Never empty.
   */
  List<Digest> chainIds();

  /**
   * Writes the index and the recipe of the image to new files, verified.
   *
   * @throws IOException if they can't be fetched, are not what they should be, or can't be written;
   *     what was written is then the caller's to delete
   */
  void save(Path index, Path recipe) throws IOException, InterruptedException;
}
