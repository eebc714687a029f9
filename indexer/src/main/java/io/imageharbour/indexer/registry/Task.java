package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.registry.RegistryHost.Capability;

/**
 * What a call to a registry is about, for messages and for the choice of hosts.
 *
 * @param subject what it deals with
 * @param description to follow "can't", such as {@code fetch the manifest latest of …}
 * @param capability what a host must be good for to be asked
 */
record Task(Subject subject, String description, Capability capability) {

  /** What a call deals with; decides which exception a failure becomes. */
  enum Subject {
    MANIFEST,
    BLOB,
    BLOB_RANGE,
    UPLOAD,
    TAGS
  }

  /** The exception that people see. */
  HarbourException exception(HostFailure.Kind kind, String whatCameBack, RepositoryName name) {
    String message = "can't " + description + ": " + whatCameBack;
    return switch (kind) {
      case NOT_FOUND ->
          switch (subject) {
            case MANIFEST ->
                new ManifestNotFoundException(message + ". Check the name and the tag");
            case BLOB, BLOB_RANGE ->
                new BlobNotFoundException(
                    message + ". It may have been deleted there; push or convert the image again");
            case UPLOAD, TAGS -> new RegistryRefusedException(message);
          };
      case UNAUTHORIZED ->
          new UnauthorizedException(
              message
                  + ". Log in with \"docker login "
                  + name.registry()
                  + "\", or ask for access");
      case REFUSED -> new RegistryRefusedException(message);
      case WRONG_CONTENT ->
          subject == Subject.MANIFEST
              ? new UnexpectedManifestException(message)
              : new UnexpectedBlobDigestException(message);
      case TEMPORARY ->
          new RegistryUnavailableException(message + ". Is the registry running and reachable?");
    };
  }
}
