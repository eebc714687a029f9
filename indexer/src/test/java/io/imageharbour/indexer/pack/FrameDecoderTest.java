package io.imageharbour.indexer.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdOutputStream;
import io.imageharbour.indexer.Frame;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class FrameDecoderTest {

  private static final byte[] CONTENT = new byte[100_000];

  static {
    for (int i = 0; i < CONTENT.length; i++) {
      CONTENT[i] = (byte) (i * i >> 7);
    }
  }

  @Property
  void whatWasCompressedComesBack(@ForAll @Size(min = 1, max = 5000) byte[] content)
      throws Exception {
    assertThat(FrameDecoder.decode(Zstd.compress(content), content.length)).isEqualTo(content);
  }

  @Test
  void aFrameOfAnotherSizeThanExpectedIsRefused() {
    byte[] frame = Zstd.compress(CONTENT);
    assertThatThrownBy(() -> FrameDecoder.decode(frame, CONTENT.length + 1))
        .isInstanceOf(CorruptFrameException.class)
        .hasMessageContaining("100000")
        .hasMessageContaining("100001");
    assertThatThrownBy(() -> FrameDecoder.decode(frame, CONTENT.length - 1))
        .isInstanceOf(CorruptFrameException.class);
    assertThatThrownBy(() -> FrameDecoder.decode(frame, 0))
        .isInstanceOf(CorruptFrameException.class);
    assertThatThrownBy(() -> FrameDecoder.decode(frame, Frame.MAX_SIZE + 1))
        .isInstanceOf(CorruptFrameException.class);
    assertThatThrownBy(() -> FrameDecoder.decode(frame, -1))
        .isInstanceOf(CorruptFrameException.class);
  }

  @Test
  void aFrameThatInflatesBeyondItsDeclaredSizeIsRefused() {
    byte[] frame = Zstd.compress(new byte[1 << 20]);
    // a header with four bytes of content size: make it declare less than the blocks hold
    int field = frame.length > 9 ? 6 : 0;
    assertThat(frame[4] & 0xc0).isEqualTo(0x80);
    assertThat(Zstd.getFrameContentSize(frame)).isEqualTo(1 << 20);
    boolean singleSegment = (frame[4] & 0x20) != 0;
    int at = singleSegment ? 5 : field;
    frame[at + 2] = 0;
    frame[at + 1] = 0x40;
    assertThat(Zstd.getFrameContentSize(frame)).isEqualTo(0x4000);
    assertThatThrownBy(() -> FrameDecoder.decode(frame, 0x4000))
        .isInstanceOf(CorruptFrameException.class)
        .hasMessageContaining("no zstd frame that inflates to 16384 bytes");
  }

  @Test
  void aFrameWithoutItsSizeIsRefused() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZstdOutputStream stream = new ZstdOutputStream(bytes)) {
      stream.write(CONTENT);
    }
    assertThatThrownBy(() -> FrameDecoder.decode(bytes.toByteArray(), CONTENT.length))
        .isInstanceOf(CorruptFrameException.class)
        .hasMessageContaining("no zstd header with a size");
  }

  @Test
  void moreOrLessThanOneFrameIsRefused() {
    byte[] frame = Zstd.compress(CONTENT);
    byte[] two = Arrays.copyOf(frame, 2 * frame.length);
    System.arraycopy(frame, 0, two, frame.length, frame.length);
    assertThatThrownBy(() -> FrameDecoder.decode(two, CONTENT.length))
        .isInstanceOf(CorruptFrameException.class)
        .hasMessageContaining("ends after " + frame.length);
    assertThatThrownBy(
            () -> FrameDecoder.decode(Arrays.copyOf(frame, frame.length - 1), CONTENT.length))
        .isInstanceOf(CorruptFrameException.class)
        .hasMessageContaining("damaged");
    assertThatThrownBy(() -> FrameDecoder.decode(new byte[0], 1))
        .isInstanceOf(CorruptFrameException.class);
  }

  @Property(tries = 500)
  void damagedFramesNeverGiveMoreThanTheirSize(
      @ForAll @IntRange(max = 100_000) int at, @ForAll byte value) {
    byte[] frame = Zstd.compress(CONTENT);
    frame[at % frame.length] = value;
    try {
      assertThat(FrameDecoder.decode(frame, CONTENT.length)).hasSize(CONTENT.length);
    } catch (CorruptFrameException e) {
      assertThat(e).hasMessageContaining("damaged");
    }
  }
}
