package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.Digest;
import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Remembers which host had a blob, and where it redirected to, so that the many small reads of one
 * pack need neither ask the mirrors that lack it nor be redirected each time. Safe for use by many
 * threads.
 */
final class BlobRoutes {

  private static final int MAX_ROUTES = 256;

  /** Signed addresses of object stores are good for minutes at least. */
  private static final Duration GOOD_FOR = Duration.ofSeconds(60);

  private final Map<Key, Route> routes =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Route> eldest) {
          return size() > MAX_ROUTES;
        }
      };

  private record Key(RepositoryName repository, Digest blob) {}

  /**
   * A way to a blob.
   *
   * @param redirect where the host sent the last request; empty if it answered by itself
   */
  record Route(HostConnection host, Optional<URI> redirect, Deadline goodUntil) {

    static Route to(HostConnection host, URI answered) {
      boolean redirected = !Origin.of(answered).equals(host.host().origin());
      return new Route(
          host, redirected ? Optional.of(answered) : Optional.empty(), Deadline.in(GOOD_FOR));
    }

    /** The address may hold a signature. */
    @Override
    public String toString() {
      return "Route[" + host.name() + "]";
    }
  }

  Optional<Route> find(RepositoryName repository, Digest blob) {
    synchronized (routes) {
      Route route = routes.get(new Key(repository, blob));
      return route == null || route.goodUntil().passed() ? Optional.empty() : Optional.of(route);
    }
  }

  void remember(RepositoryName repository, Digest blob, Route route) {
    synchronized (routes) {
      routes.put(new Key(repository, blob), route);
    }
  }

  void forget(RepositoryName repository, Digest blob) {
    synchronized (routes) {
      routes.remove(new Key(repository, blob));
    }
  }
}
