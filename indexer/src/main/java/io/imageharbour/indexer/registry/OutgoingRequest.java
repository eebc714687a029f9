package io.imageharbour.indexer.registry;

import java.net.URI;
import java.util.List;
import java.util.Optional;

/**
 * A request as it goes over the wire.
 *
 * @param uri where to; its query may hold a signature, and is not printed
 * @param body what to send along
 */
record OutgoingRequest(
    String method, URI uri, List<HeaderField> headers, Optional<RequestBody> body) {

  OutgoingRequest {
    headers = List.copyOf(headers);
  }

  /**
   * Bytes to send, which may be sent again when a connection breaks.
   *
   * @param bytes not to be changed while the request is under way
   * @param offset of the first byte
   * @param length in bytes
   */
  record RequestBody(byte[] bytes, int offset, int length, String mediaType) {

    @Override
    public String toString() {
      return length + " bytes of " + mediaType;
    }
  }

  @Override
  public String toString() {
    return method + " " + Origin.of(uri) + uri.getRawPath();
  }
}
