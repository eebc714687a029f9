package io.imageharbour.indexer.restore;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/** Frames that may be wanted again; those that were not asked for the longest time go first. */
final class KeptFrames {

  private static final byte[] NOTHING = {};

  private final long maxBytes;
  private final LinkedHashMap<Integer, byte[]> frames = new LinkedHashMap<>(16, 0.75f, true);
  private long bytes;

  /**
   * Keeps nothing yet.
   *
   * @param maxBytes how much is kept, besides the frame that was put last
   */
  KeptFrames(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  boolean has(int frame) {
    return frames.containsKey(frame);
  }

  /** The frame's bytes, or none if it is not kept: no frame is empty. */
  byte[] get(int frame) {
    return frames.getOrDefault(frame, NOTHING);
  }

  void put(int frame, byte[] content) {
    byte[] before = frames.put(frame, content);
    bytes += content.length - (before == null ? 0 : before.length);
    Iterator<Map.Entry<Integer, byte[]>> eldest = frames.entrySet().iterator();
    while (bytes > maxBytes && frames.size() > 1) {
      bytes -= eldest.next().getValue().length;
      eldest.remove();
    }
  }
}
