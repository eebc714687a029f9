package io.imageharbour.indexer.registry;

/** The registry no longer knows an upload, or not where it stands; only a new one can help. */
final class LostUploadException extends RegistryRefusedException {

  private static final long serialVersionUID = 1;

  LostUploadException(String message) {
    super(message);
  }
}
