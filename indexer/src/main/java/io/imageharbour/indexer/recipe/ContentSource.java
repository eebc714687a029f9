package io.imageharbour.indexer.recipe;

import java.io.IOException;
import java.io.InputStream;

/** Where the contents come from that a recipe names by numbers. */
public interface ContentSource {

  /** Size of a content in bytes. */
  long size(int content);

  /**
   * Opens a part of a content.
   *
   * @param offset where the part begins, in bytes
   * @param length of the part in bytes, at least 1
   * @return a stream of so many bytes, which need not be closed
   */
  InputStream open(int content, long offset, long length) throws IOException;
}
