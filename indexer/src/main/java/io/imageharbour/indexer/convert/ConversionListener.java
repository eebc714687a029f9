package io.imageharbour.indexer.convert;

/**
 * Hears how a conversion goes on, for progress bars. Stages overlap (packs are uploaded while
 * layers are read), and calls come from several threads, but those of one stage never at the same
 * time. A listener must return quickly and must not throw.
 */
public interface ConversionListener {

  /** Hears everything and does nothing. */
  ConversionListener SILENT = new ConversionListener() {};

  /** A part of a conversion that has progress of its own. */
  enum Stage {
    /** Looking for packs to reference; counted in index images. */
    FIND_PACKS,
    /** Reading one layer of the source; counted in its compressed bytes. Once for every layer. */
    READ_LAYER,
    /** Compressing and uploading new packs; counted in bytes of the packs, total unknown. */
    UPLOAD_PACKS,
    /** Pushing configs, index layers and manifests; counted in blobs and manifests. */
    PUSH_INDEX
  }

  /** The total of a stage whose end can't be known beforehand. */
  long UNKNOWN = -1;

  /**
   * A stage begins.
   *
   * @param subject what it works on, fit for people: {@code linux/amd64 layer 2/7 sha256:…}
   * @param total how far it will go, in the stage's unit, or {@link #UNKNOWN}
   */
  default void started(Stage stage, String subject, long total) {}

  /** The stage went on by this much. */
  default void advanced(Stage stage, long amount) {}

  /** The stage is complete. Not called if it fails. */
  default void finished(Stage stage) {}

  /** Something that the user should know, and that doesn't stop the conversion. */
  default void warned(String message) {}
}
