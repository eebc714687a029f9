package io.imageharbour.fusefs.fetch;

import io.imageharbour.fusefs.linux.LinuxException;
import io.imageharbour.fusefs.linux.OpenFile;
import io.imageharbour.fusefs.table.FrameAddress;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * Frames that came along with others, until somebody wants them: as they came, compressed and not
 * verified. Two of three are never wanted, and to inflate, verify and file them would cost the
 * readers more than reading the third from here.
 *
 * <p>A ring in a file without a name: new frames overwrite the oldest, and nothing outlasts the
 * process. In a file and not in memory, because the kernel may write it out when memory is short.
 * Who takes a frame in the moment in which it is overwritten gets other bytes, which fail their
 * digest. Safe for use by several threads.
 */
final class KeptFrames implements AutoCloseable {

  /** Some minutes of what comes along with a busy node's reads. */
  static final long CAPACITY = 64 << 20;

  /** So many at most, however small they are. */
  private static final int MAX_FRAMES = 16_384;

  private final OpenFile file;
  private final long capacity;

  /** Held while the file is used, for writing while it is closed. */
  private final ReadWriteLock open = new ReentrantReadWriteLock();

  private boolean closed;

  /** Oldest first, so in the order of the ring. Guarded by itself, never while the file is used. */
  private final Map<FrameAddress, Place> places = new LinkedHashMap<>();

  /** Where the next frame goes; guarded by {@link #places}. */
  private long end;

  private static final class Place {
    private final long offset;
    private final SourceCounters source;
    private boolean written;

    Place(long offset, SourceCounters source) {
      this.offset = offset;
      this.source = source;
    }
  }

  /** A frame that was kept, and who brought it. */
  record Kept(byte[] compressed, SourceCounters source) {}

  /**
   * Keeps nothing yet.
   *
   * @param file without a name; closed with this
   * @param capacity in bytes
   */
  KeptFrames(OpenFile file, long capacity) {
    this.file = file;
    this.capacity = capacity;
  }

  boolean contains(FrameAddress frame) {
    synchronized (places) {
      @Nullable Place place = places.get(frame);
      return place != null && place.written;
    }
  }

  /** Keeps a frame for a while, at the cost of the oldest. */
  void keep(FrameAddress frame, byte[] compressed, SourceCounters source) throws LinuxException {
    open.readLock().lock();
    try (Arena arena = Arena.ofConfined()) {
      if (closed || compressed.length > capacity) {
        return;
      }
      MemorySegment bytes = arena.allocateFrom(ValueLayout.JAVA_BYTE, compressed);
      Optional<Place> place = reserve(frame, compressed.length, source);
      if (place.isPresent()) {
        boolean written = false;
        try {
          file.writeAt(place.get().offset, bytes);
          written = true;
        } finally {
          settle(frame, place.get(), written);
        }
      }
    } finally {
      open.readLock().unlock();
    }
  }

  /** Gives a frame away, if it is still there. */
  Optional<Kept> take(FrameAddress frame) throws LinuxException {
    open.readLock().lock();
    try (Arena arena = Arena.ofConfined()) {
      @Nullable Place place;
      synchronized (places) {
        place = places.get(frame);
        if (closed || place == null || !place.written) {
          return Optional.empty();
        }
        places.remove(frame);
      }
      byte[] compressed = new byte[frame.compressedSize()];
      MemorySegment bytes = arena.allocate(compressed.length);
      long count = file.readAt(place.offset, bytes);
      MemorySegment.copy(bytes, 0, MemorySegment.ofArray(compressed), 0, count);
      return Optional.of(new Kept(compressed, place.source));
    } finally {
      open.readLock().unlock();
    }
  }

  /** Waits for those who use the file, and forgets everything. */
  @Override
  public void close() {
    open.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        file.close();
      }
    } finally {
      open.writeLock().unlock();
    }
  }

  /** Makes room for a frame; empty if it has a place already. */
  private Optional<Place> reserve(FrameAddress frame, int length, SourceCounters source) {
    synchronized (places) {
      if (places.containsKey(frame)) {
        return Optional.empty();
      }
      if (end + length > capacity) {
        forgetOldest(end, capacity);
        end = 0;
      }
      forgetOldest(end, end + length);
      if (places.size() == MAX_FRAMES) {
        places.remove(places.keySet().iterator().next());
      }
      Place place = new Place(end, source);
      places.put(frame, place);
      end += length;
      return Optional.of(place);
    }
  }

  private void settle(FrameAddress frame, Place place, boolean written) {
    synchronized (places) {
      place.written = written;
      if (!written) {
        places.remove(frame, place);
      }
    }
  }

  /** Forgets the frames of the last round that begin in this part of the ring. */
  private void forgetOldest(long from, long to) {
    Iterator<Place> oldest = places.values().iterator();
    while (oldest.hasNext()) {
      Place place = oldest.next();
      if (place.offset < from || place.offset >= to) {
        return;
      }
      oldest.remove();
    }
  }
}
