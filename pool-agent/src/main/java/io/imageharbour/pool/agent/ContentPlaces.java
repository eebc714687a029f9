package io.imageharbour.pool.agent;

import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.memory.Span;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** Where contents lie, asked by their digest or by their address. For one thread at a time. */
final class ContentPlaces {

  private final Map<Digest, Place> places = new HashMap<>();
  private final Map<Long, Digest> digests = new HashMap<>();

  /**
   * Where a content lies.
   *
   * @param address as the allocator names it, which knows its length only rounded up
   * @param span as clients read it
   */
  record Place(long address, Span span) {}

  /** Takes note of where a content lies. */
  void add(Digest digest, Place place) {
    places.put(digest, place);
    digests.put(place.address(), digest);
  }

  /** Forgets a content that is noted. */
  Place remove(Digest digest) {
    Place place = Objects.requireNonNull(places.remove(digest));
    digests.remove(place.address());
    return place;
  }

  /** Where this content lies, if it is noted. */
  Optional<Place> find(Digest digest) {
    return Optional.ofNullable(places.get(digest));
  }

  /** Which content begins at an address where one does. */
  Digest at(long address) {
    return Objects.requireNonNull(digests.get(address));
  }

  /** All contents, in no order. */
  List<Digest> all() {
    return List.copyOf(places.keySet());
  }

  /** All contents with their sizes in bytes, in no order. */
  Map<Digest, Integer> sizes() {
    Map<Digest, Integer> sizes = HashMap.newHashMap(places.size());
    places.forEach((digest, place) -> sizes.put(digest, place.span().length()));
    return sizes;
  }

  /** How many contents there are. */
  int size() {
    return places.size();
  }

  /** Forgets all. */
  void clear() {
    places.clear();
    digests.clear();
  }
}
