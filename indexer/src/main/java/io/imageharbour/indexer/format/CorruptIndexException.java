package io.imageharbour.indexer.format;

import io.imageharbour.indexer.HarbourException;

/** An index is truncated, damaged, or says something that no image can mean. */
public final class CorruptIndexException extends HarbourException {

  private static final long serialVersionUID = 1;

  CorruptIndexException(String source, String reason) {
    super(message(source, reason));
  }

  CorruptIndexException(String source, String reason, Throwable cause) {
    super(message(source, reason), cause);
  }

  private static String message(String source, String reason) {
    return source
        + " is a corrupt index: "
        + reason
        + "; pull it again, or convert the image again";
  }
}
