package io.imageharbour.indexer.restore;

/**
 * Hears how far restoring an image is, or checking that it can be, from the thread that does it. It
 * must return quickly and must not throw.
 */
public interface RestoreListener {

  /** Hears everything and does nothing. */
  RestoreListener SILENT = new RestoreListener() {};

  /**
   * A layer begins.
   *
   * @param subject fit for people: {@code linux/amd64 layer 2/7}
   * @param bytes of its archive, not compressed
   */
  default void started(String subject, long bytes) {}

  /** Further bytes of the archive were made. */
  default void advanced(long bytes) {}

  /** The layer is complete. */
  default void finished() {}

  /** Something that the user should know, and that doesn't stop it. */
  default void warned(String message) {}
}
