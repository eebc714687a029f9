package io.imageharbour.pool.load;

import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Frame;
import io.imageharbour.indexer.ImageIndex;
import java.util.ArrayList;
import java.util.List;

/**
 * Frames of one pack that are fetched with one request, because they lie side by side or nearly so.
 *
 * @param pack position of the pack in {@link ImageIndex#packs()}
 * @param frames in the order of their offsets, at least one
 */
record FrameRun(int pack, List<Wanted> frames) {

  /** A run ends after so many bytes, so that several can be on their way. */
  private static final long MAX_BYTES = 8 << 20;

  /** Reading this many bytes that nobody wants is cheaper than another request. */
  private static final long MAX_GAP = 128 << 10;

  /**
   * A frame, and what is wanted of it.
   *
   * @param chunks at least one
   */
  record Wanted(Frame frame, List<Chunk> chunks) {
    long end() {
      return frame.offset() + frame.compressedSize();
    }
  }

  FrameRun {
    frames = List.copyOf(frames);
  }

  /** What is needed to fetch these chunks, which are in the order of their frames. */
  static List<FrameRun> of(ImageIndex index, List<Chunk> chunks) {
    List<FrameRun> runs = new ArrayList<>();
    List<Wanted> run = new ArrayList<>();
    for (int from = 0; from < chunks.size(); ) {
      int number = chunks.get(from).frame();
      int to = from;
      while (to < chunks.size() && chunks.get(to).frame() == number) {
        to++;
      }
      Wanted wanted = new Wanted(index.frames().get(number), List.copyOf(chunks.subList(from, to)));
      if (!run.isEmpty() && !belongs(wanted, run)) {
        runs.add(new FrameRun(run.getFirst().frame().pack(), run));
        run.clear();
      }
      run.add(wanted);
      from = to;
    }
    if (!run.isEmpty()) {
      runs.add(new FrameRun(run.getFirst().frame().pack(), run));
    }
    return runs;
  }

  /** Bytes of the packs that make up the wanted frames. */
  long compressedBytes() {
    return frames.stream().mapToLong(wanted -> wanted.frame().compressedSize()).sum();
  }

  /** Memory that its largest frame takes, compressed and inflated, with the gap before it. */
  int memoryKib() {
    long most = 0;
    for (Wanted wanted : frames) {
      most =
          Math.max(most, (long) wanted.frame().compressedSize() + wanted.frame().size() + MAX_GAP);
    }
    return (int) (most >> 10) + 1;
  }

  private static boolean belongs(Wanted next, List<Wanted> run) {
    long gap = next.frame().offset() - run.getLast().end();
    return next.frame().pack() == run.getFirst().frame().pack()
        && gap >= 0
        && gap <= MAX_GAP
        && next.end() - run.getFirst().frame().offset() <= MAX_BYTES;
  }
}
