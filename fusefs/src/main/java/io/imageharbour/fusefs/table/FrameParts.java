package io.imageharbour.fusefs.table;

import io.imageharbour.fusefs.FrameLocation;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * The chunks that one index names in a frame. Who brings a frame verifies what is known to be in it
 * and missing: chunks that overlap would let one frame take as long as any number of them.
 *
 * @param frame that they lie in
 * @param parts in any order; those of files that are alike may come several times
 */
record FrameParts(FrameAddress frame, List<FrameLocation.Part> parts) {

  /** The most chunks in a frame: as many as the bytes of one that the packer fills with files. */
  static final int MAX = 128 << 10;

  FrameParts {
    parts =
        parts.stream()
            .distinct()
            .sorted(Comparator.comparingInt(FrameLocation.Part::offset))
            .toList();
  }

  /**
   * Checks what an index says of the frame.
   *
   * @throws UnusableIndexException if chunks overlap, or are too many
   */
  void requireDisjoint(String image) throws UnusableIndexException {
    if (parts.size() > MAX) {
      throw new UnusableIndexException(
          image, "%s has %d chunks, more than %d".formatted(frame, parts.size(), MAX));
    }
    int end = 0;
    for (FrameLocation.Part part : parts) {
      if (part.offset() < end) {
        throw new UnusableIndexException(
            image, "in %s, %s overlaps another chunk".formatted(frame, part));
      }
      end = part.offset() + part.size();
    }
  }

  /**
   * These and the ones that other images name, by offset. One that overlaps theirs is left out, or
   * that is one too many: it is not brought when something else of the frame is, only by itself. So
   * an index that lies can make another image slower, but not keep it out.
   *
   * @param others disjoint, by offset
   */
  List<FrameLocation.Part> besides(List<FrameLocation.Part> others) {
    NavigableMap<Integer, FrameLocation.Part> all = new TreeMap<>();
    others.forEach(part -> all.put(part.offset(), part));
    for (FrameLocation.Part part : parts) {
      Map.Entry<Integer, FrameLocation.Part> before = all.lowerEntry(part.offset() + part.size());
      boolean free = before == null || before.getKey() + before.getValue().size() <= part.offset();
      if (free && all.size() < MAX) {
        all.put(part.offset(), part);
      }
    }
    return new ArrayList<>(all.values());
  }
}
