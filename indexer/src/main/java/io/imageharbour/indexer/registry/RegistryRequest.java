package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.registry.OutgoingRequest.RequestBody;
import java.net.URI;
import java.util.List;
import java.util.Optional;

/**
 * A request to a registry, before anybody thought of credentials.
 *
 * @param headers that may go to whoever answers in the end
 * @param scopes what a token would have to allow
 */
record RegistryRequest(
    String method, URI uri, List<HeaderField> headers, Optional<RequestBody> body, Scopes scopes) {

  RegistryRequest {
    headers = List.copyOf(headers);
  }

  static RegistryRequest get(URI uri, Scopes scopes, HeaderField... headers) {
    return new RegistryRequest("GET", uri, List.of(headers), Optional.empty(), scopes);
  }

  static RegistryRequest head(URI uri, Scopes scopes) {
    return new RegistryRequest("HEAD", uri, List.of(), Optional.empty(), scopes);
  }

  /** A request without a body. */
  static RegistryRequest of(String method, URI uri, Scopes scopes) {
    return new RegistryRequest(method, uri, List.of(), Optional.empty(), scopes);
  }

  /** A request with a body. */
  static RegistryRequest of(
      String method, URI uri, Scopes scopes, RequestBody body, HeaderField... headers) {
    return new RegistryRequest(method, uri, List.of(headers), Optional.of(body), scopes);
  }

  /** The same for another address. */
  RegistryRequest withUri(URI other) {
    return new RegistryRequest(method, other, headers, body, scopes);
  }

  /** Whether a redirect may be followed without asking. */
  boolean isRead() {
    return method.equals("GET") || method.equals("HEAD");
  }

  @Override
  public String toString() {
    return method + " " + Origin.of(uri) + uri.getRawPath();
  }
}
