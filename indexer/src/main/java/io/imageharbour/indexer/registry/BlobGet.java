package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.HostFailure.Kind;
import java.io.IOException;
import java.util.OptionalLong;

/**
 * Asks a host for a blob or a part of it, and judges the answer before its body is read.
 *
 * @see <a
 *     href="https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-blobs">
 *     distribution specification, pulling blobs</a>
 */
final class BlobGet {

  /** Compression on the way would change the digest. */
  private static final HeaderField AS_IT_IS = new HeaderField("Accept-Encoding", "identity");

  private BlobGet() {}

  static RegistryRequest whole(HostConnection host, RepositoryName name, Digest digest) {
    return RegistryRequest.get(
        host.uri("/" + name.path() + "/blobs/" + digest), Scopes.pull(name), AS_IT_IS);
  }

  static RegistryRequest part(
      HostConnection host, RepositoryName name, Digest digest, ContentRange range) {
    return RegistryRequest.get(
        host.uri("/" + name.path() + "/blobs/" + digest),
        Scopes.pull(name),
        AS_IT_IS,
        range.asHeader());
  }

  /**
   * Checks an answer to {@link #whole}.
   *
   * @throws HostFailure if it is not the blob; the answer is closed whenever this fails
   */
  static void checkWhole(
      HostConnection host, RegistryRequest request, Answer answer, long size, Deadline deadline)
      throws IOException {
    try {
      if (answer.status() != 200) {
        throw host.failure(answer, request, deadline);
      }
      OptionalLong length = answer.contentLength();
      if (length.isPresent() && length.getAsLong() != size) {
        throw new HostFailure(
            Kind.WRONG_CONTENT,
            "answered with %d bytes instead of %d".formatted(length.getAsLong(), size));
      }
    } catch (Throwable e) {
      answer.close();
      throw e;
    }
  }

  /**
   * Checks an answer to {@link #part}.
   *
   * @return whether the body is the part; otherwise it is the whole blob
   * @throws HostFailure if it is neither; the answer is closed whenever this fails
   */
  static boolean checkPart(
      HostConnection host,
      RegistryRequest request,
      Answer answer,
      ContentRange range,
      Deadline deadline)
      throws IOException {
    switch (answer.status()) {
      case 206 -> {
        try {
          range.check(answer);
        } catch (Throwable e) {
          answer.close();
          throw e;
        }
        return true;
      }
      case 416 -> {
        answer.close();
        throw new HostFailure(
            Kind.WRONG_CONTENT,
            "answered 416: its blob is shorter than %d bytes".formatted(range.total()));
      }
      default -> {
        checkWhole(host, request, answer, range.total(), deadline);
        return false;
      }
    }
  }
}
