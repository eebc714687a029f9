package io.imageharbour.pool.memory;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** The regions that clients may read just now. Safe for use by several threads. */
public final class Regions {

  private final ConcurrentMap<Integer, Region> regions = new ConcurrentHashMap<>();
  private final List<Listener> listeners = new CopyOnWriteArrayList<>();
  private volatile long version = 1;

  /** Hears of changes before clients do: a transport that has to register memory. */
  public interface Listener {
    /** A region that clients may read from now on. */
    void added(Region region);

    /** A region that goes; its memory is let go of when this returns. */
    void removed(Region region);
  }

  /**
   * What there is, at one moment.
   *
   * @param version another one whenever something has changed
   * @param regions by number
   */
  public record Geometry(long version, List<Region> regions) {
    public Geometry {
      regions = List.copyOf(regions);
    }
  }

  /** The region of this number, if there is one. */
  public Optional<Region> find(int number) {
    return Optional.ofNullable(regions.get(number));
  }

  /** All regions. */
  public synchronized Geometry geometry() {
    List<Region> sorted = new ArrayList<>(regions.values());
    sorted.sort((a, b) -> Integer.compare(a.number(), b.number()));
    return new Geometry(version, sorted);
  }

  /** Which geometry holds. */
  public long version() {
    return version;
  }

  /** Tells a listener of changes, and first of all regions that are there. */
  public synchronized void listen(Listener listener) {
    listeners.add(listener);
    regions.values().forEach(listener::added);
  }

  /** Stops telling a listener. */
  public void unlisten(Listener listener) {
    listeners.remove(listener);
  }

  /** Makes a region readable. */
  public synchronized void add(Region region) {
    if (regions.putIfAbsent(region.number(), region) != null) {
      throw new IllegalArgumentException("there is a region " + region.number());
    }
    listeners.forEach(listener -> listener.added(region));
    version++;
  }

  /** Takes a region away; the caller lets go of its memory. */
  public synchronized void remove(Region region) {
    if (regions.remove(region.number(), region)) {
      version++;
      listeners.forEach(listener -> listener.removed(region));
    }
  }
}
