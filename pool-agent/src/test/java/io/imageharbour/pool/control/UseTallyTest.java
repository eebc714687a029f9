package io.imageharbour.pool.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.cluster.ImageUse;
import org.junit.jupiter.api.Test;

class UseTallyTest {

  private final UseTally tally = new UseTally();

  @Test
  void usesOfOneImageAreAddedUpAndTakenOnce() {
    tally.add(use(1, "r.test/a:1", 2, 30));
    tally.add(use(2, "r.test/b:1", 1, 0));
    tally.add(use(1, "r.test/a:2", 3, 4));
    assertThat(tally.drain())
        .containsExactly(use(1, "r.test/a:2", 5, 34), use(2, "r.test/b:1", 1, 0));
    assertThat(tally.drain()).isEmpty();
  }

  @Test
  void ofTooManyImagesTheLastAreDroppedAndCounted() {
    for (int i = 0; i < UseTally.MOST + 3; i++) {
      tally.add(use(i, "r.test/a:1", 1, 0));
    }
    tally.add(use(0, "r.test/a:1", 1, 0));
    assertThat(tally.dropped()).isEqualTo(3);
    assertThat(tally.drain()).hasSize(UseTally.MOST).contains(use(0, "r.test/a:1", 2, 0));
  }

  private static ImageUse use(int number, String name, long starts, long missed) {
    Digest image = Digest.sha256(new byte[] {(byte) number, (byte) (number >> 8)});
    return new ImageUse(image, name, 100, 5, starts, missed);
  }
}
