package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.layer.TarEntry;
import io.imageharbour.indexer.layer.TarReader;

/** An image that Harbour can't convert: what it is, or what one of its layers holds. */
public final class UnconvertibleImageException extends HarbourException {

  private static final long serialVersionUID = 1;

  UnconvertibleImageException(String message) {
    super(message);
  }

  UnconvertibleImageException(String message, Throwable cause) {
    super(message, cause);
  }

  UnconvertibleImageException(TarEntry entry, String problem) {
    super("The entry " + TarReader.printable(entry.name()) + " can't be converted: " + problem);
  }
}
