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
import org.jspecify.annotations.Nullable;

/**
 * Frames that came along with others, until somebody wants them: as they came, compressed and not
 * verified. Two of three are never wanted, and to inflate, verify and file them would cost the
 * readers more than reading the third from here.
 *
 * <p>A ring in a file without a name: new frames overwrite the oldest, and nothing outlasts the
 * process. In a file and not in memory, because the kernel may write it out when memory is short.
 * Safe for use by several threads.
 */
final class KeptFrames implements AutoCloseable {

  /** Some minutes of what comes along with a busy node's reads. */
  static final long CAPACITY = 64 << 20;

  /** So many at most, however small they are. */
  private static final int MAX_FRAMES = 16_384;

  private final OpenFile file;
  private final long capacity;

  /** Oldest first, so in the order of the ring. */
  private final Map<FrameAddress, Place> places = new LinkedHashMap<>();

  /** Where the next frame goes. */
  private long end;

  private record Place(long offset, SourceCounters source) {}

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

  synchronized boolean contains(FrameAddress frame) {
    return places.containsKey(frame);
  }

  /** Keeps a frame for a while, at the cost of the oldest. */
  synchronized void keep(FrameAddress frame, byte[] compressed, SourceCounters source)
      throws LinuxException {
    if (compressed.length > capacity || places.containsKey(frame)) {
      return;
    }
    if (end + compressed.length > capacity) {
      forgetOldest(end, capacity);
      end = 0;
    }
    forgetOldest(end, end + compressed.length);
    if (places.size() == MAX_FRAMES) {
      places.remove(places.keySet().iterator().next());
    }
    try (Arena arena = Arena.ofConfined()) {
      file.writeAt(end, arena.allocateFrom(ValueLayout.JAVA_BYTE, compressed));
    }
    places.put(frame, new Place(end, source));
    end += compressed.length;
  }

  /** Gives a frame away, if it is still there. */
  synchronized Optional<Kept> take(FrameAddress frame) throws LinuxException {
    @Nullable Place place = places.remove(frame);
    if (place == null) {
      return Optional.empty();
    }
    byte[] compressed = new byte[frame.compressedSize()];
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(compressed.length);
      long count = file.readAt(place.offset, bytes);
      MemorySegment.copy(bytes, 0, MemorySegment.ofArray(compressed), 0, count);
    }
    return Optional.of(new Kept(compressed, place.source));
  }

  @Override
  public void close() {
    file.close();
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
