package io.imageharbour.indexer.registry;

import java.net.URI;
import java.util.List;
import java.util.Set;

/**
 * A host that serves a registry: the registry itself, or a mirror of it.
 *
 * @param base where its API lies, without a "/" at the end, such as {@code https://host/v2}
 * @param capabilities what it may be asked for
 * @param headers to send along with every request to this host
 * @param mirror whether it is another host than the registry is called
 */
record RegistryHost(
    URI base,
    Set<Capability> capabilities,
    TlsSettings tls,
    List<HeaderField> headers,
    boolean mirror) {

  /**
   * What a host may be asked for.
   *
   * @see <a href="https://github.com/containerd/containerd/blob/main/docs/hosts.md">containerd's
   *     registry configuration</a>
   */
  enum Capability {
    /** Manifests and blobs by digest. */
    PULL,
    /** Manifests by tag, and lists of tags. */
    RESOLVE,
    /** Everything that writes. */
    PUSH
  }

  RegistryHost {
    capabilities = Set.copyOf(capabilities);
    headers = List.copyOf(headers);
  }

  Origin origin() {
    return Origin.of(base);
  }

  /** {@code host[:port]}, what it is called in messages and what credentials are kept for. */
  String name() {
    return origin().authority();
  }
}
