package io.imageharbour.pool.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.Frame;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Pack;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which frames are fetched together, and which chunks are wanted of an image at all. */
class FrameRunTest {

  private static final int MIB = 1 << 20;

  private final List<Frame> frames = new ArrayList<>();
  private final List<Chunk> chunks = new ArrayList<>();
  private int made;

  @Test
  void framesSideBySideAreOneRunUntilItIsLong() {
    for (int i = 0; i < 20; i++) {
      wanted(frame(0, i * (long) MIB, MIB));
    }
    List<FrameRun> runs = runs();
    assertThat(runs).extracting(run -> run.frames().size()).containsExactly(8, 8, 4);
    assertThat(runs.getFirst().compressedBytes()).isEqualTo(8L * MIB);
  }

  @Test
  void aSmallGapIsReadAndABigOneIsNot() {
    wanted(frame(0, 0, 1000));
    wanted(frame(0, 1000 + (128 << 10), 1000));
    wanted(frame(0, 2001 + 2 * (128 << 10), 1000));
    assertThat(runs()).extracting(run -> run.frames().size()).containsExactly(2, 1);
  }

  @Test
  void aRunStaysInItsPack() {
    wanted(frame(0, 0, 1000));
    wanted(frame(1, 1000, 1000));
    assertThat(runs()).extracting(FrameRun::pack).containsExactly(0, 1);
  }

  @Test
  void aFrameWithSeveralChunksIsFetchedOnce() {
    int frame = frame(0, 0, 1000);
    wanted(frame);
    wanted(frame);
    assertThat(runs()).singleElement().extracting(run -> run.frames().size()).isEqualTo(1);
    assertThat(runs().getFirst().frames().getFirst().chunks()).hasSize(2);
  }

  @Test
  void framesThatOverlapAreFetchedApart() {
    // no converter makes such a pack, but an index may say so
    wanted(frame(0, 0, 1000));
    wanted(frame(0, 500, 1000));
    assertThat(runs()).hasSize(2);
  }

  @Test
  void aChunkInSeveralFilesAndFramesIsWantedOnceFromTheFirst() {
    Chunk late = new Chunk(Digest.sha256(new byte[] {1}), 10, 7, 0);
    Chunk early = new Chunk(late.digest(), 10, 2, 30);
    Chunk other = new Chunk(Digest.sha256(new byte[] {2}), 20, 2, 0);
    assertThat(ImageChunks.of(index(List.of(late, other, early))).chunks())
        .containsExactly(other, early);
  }

  @Test
  void aChunkThatNoAgentTakesIsNotWanted() {
    Chunk fits = new Chunk(Digest.sha256(new byte[] {1}), MIB, 0, 0);
    Chunk tooLong = new Chunk(Digest.sha256(new byte[] {2}), MIB + 1, 1, 0);
    ImageChunks chunks = ImageChunks.of(index(List.of(fits, tooLong)));
    assertThat(chunks.chunks()).containsExactly(fits);
    assertThat(chunks.bytes()).isEqualTo(MIB);
  }

  private int frame(int pack, long offset, int compressedSize) {
    frames.add(new Frame(pack, offset, compressedSize, 2 * compressedSize));
    return frames.size() - 1;
  }

  private void wanted(int frame) {
    made++;
    chunks.add(new Chunk(Digest.sha256(new byte[made]), 10, frame, 10 * made));
  }

  private List<FrameRun> runs() {
    return FrameRun.of(index(chunks), chunks);
  }

  private ImageIndex index(List<Chunk> of) {
    Pack pack = new Pack(Digest.EMPTY, 1L << 30);
    List<FileContent> contents =
        of.stream()
            .map(chunk -> new FileContent(chunk.digest(), chunk.size(), List.of(chunk)))
            .toList();
    return new ImageIndex(List.of(), contents, frames, List.of(pack, pack), List.of());
  }
}
