package io.imageharbour.fusefs.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.fusefs.FakeImage;
import io.imageharbour.fusefs.FakeSource;
import io.imageharbour.fusefs.linux.OpenFile;
import io.imageharbour.fusefs.table.FrameAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeptFramesTest {

  private static final int CAPACITY = 10_000;

  @TempDir Path directory;

  private final SourceCounters source = new SourceCounters(new FakeSource("registry"), List.of());
  private KeptFrames kept;

  @BeforeEach
  void open() throws Exception {
    Path file = directory.resolve("ring");
    kept = new KeptFrames(OpenFile.open(file, OpenFile.O_RDWR | OpenFile.O_CREAT, 0600), CAPACITY);
  }

  @AfterEach
  void close() {
    kept.close();
  }

  @Test
  void aFrameIsGivenAwayOnce() throws Exception {
    keep(1, 300);
    assertThat(kept.contains(frame(1, 300))).isTrue();
    KeptFrames.Kept taken = kept.take(frame(1, 300)).orElseThrow();
    assertThat(taken.compressed()).isEqualTo(bytes(1, 300));
    assertThat(taken.source()).isSameAs(source);
    assertThat(kept.contains(frame(1, 300))).isFalse();
    assertThat(kept.take(frame(1, 300))).isEmpty();
  }

  @Test
  void theNewestAreThereAndWhatIsThereIsRightHoweverOftenTheRingWentRound() throws Exception {
    SplittableRandom random = new SplittableRandom(7);
    List<FrameAddress> all = new ArrayList<>();
    for (int number = 0; number < 5_000; number++) {
      FrameAddress frame = frame(number, random.nextInt(1, 1_500));
      keep(number, frame.size());
      all.add(frame);
      if (number % 50 == 49) {
        long bytesSince = 0;
        for (FrameAddress earlier : all.reversed()) {
          bytesSince += earlier.size();
          // what does not fit at the end of the ring is less than one frame
          assertThat(kept.contains(earlier) || bytesSince > CAPACITY - 1_500).isTrue();
          Optional<KeptFrames.Kept> taken = kept.take(earlier);
          if (taken.isPresent()) {
            assertThat(taken.get().compressed()).isEqualTo(bytes(earlier.pack(), earlier.size()));
          }
        }
        all.clear();
      }
    }
  }

  @Test
  void theOldestMakeRoom() throws Exception {
    keep(1, 6_000);
    keep(2, 3_000);
    keep(3, 4_000);
    assertThat(kept.contains(frame(1, 6_000))).isFalse();
    assertThat(kept.take(frame(2, 3_000)).orElseThrow().compressed()).isEqualTo(bytes(2, 3_000));
    assertThat(kept.take(frame(3, 4_000)).orElseThrow().compressed()).isEqualTo(bytes(3, 4_000));
  }

  @Test
  void aFrameThatIsTooBigIsNotKeptAndCostsNothing() throws Exception {
    keep(1, 300);
    keep(2, CAPACITY + 1);
    assertThat(kept.contains(frame(2, CAPACITY + 1))).isFalse();
    assertThat(kept.contains(frame(1, 300))).isTrue();
  }

  private void keep(int number, int size) throws Exception {
    kept.keep(frame(number, size), bytes(number, size), source);
  }

  private static FrameAddress frame(int number, int size) {
    return new FrameAddress(number, 0, size, size);
  }

  private static byte[] bytes(int number, int size) {
    return FakeImage.bytes(number, size);
  }
}
