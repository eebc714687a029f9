package io.imageharbour.indexer.layer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

class LayerStreamTest {

  private static final byte[] ONE = bytes(300_000, 1);
  private static final byte[] TWO = bytes(200_000, 2);
  private static final byte[] BOTH = concat(ONE, TWO);

  @Test
  void plainBytesPassUnchanged() throws Exception {
    assertThat(read(BOTH)).isEqualTo(BOTH);
    assertThat(read("abc".getBytes(UTF_8))).asString().isEqualTo("abc");
    assertThat(read(new byte[0])).isEmpty();
  }

  @Test
  void gzipOfSeveralMembersIsReadToItsEnd() throws Exception {
    assertThat(read(concat(gzip(ONE), gzip(TWO)))).isEqualTo(BOTH);
  }

  @Test
  void zstdOfSeveralFramesIsReadToItsEnd() throws Exception {
    byte[] skippable = {0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'x', 'y', 'z'};
    assertThat(read(concat(Zstd.compress(ONE), concat(Zstd.compress(TWO), skippable))))
        .isEqualTo(BOTH);
    assertThat(read(concat(skippable, Zstd.compress(ONE)))).isEqualTo(ONE);
  }

  @Test
  void truncatedAndDamagedStreamsAreRefused() throws Exception {
    for (byte[] whole : new byte[][] {gzip(ONE), Zstd.compress(ONE)}) {
      for (int cut : new int[] {1, 5, whole.length / 2, whole.length - 5}) {
        assertThatThrownBy(() -> read(Arrays.copyOf(whole, whole.length - cut)))
            .isInstanceOf(MalformedLayerException.class)
            .hasMessageContaining("damaged or cut off");
      }
    }
    byte[] wrong = gzip(ONE);
    wrong[wrong.length - 8] ^= 1; // the checksum
    assertThatThrownBy(() -> read(wrong)).isInstanceOf(MalformedLayerException.class);
    assertThatThrownBy(() -> read(concat(gzip(ONE), "garbage".getBytes(UTF_8))))
        .isInstanceOf(MalformedLayerException.class);
  }

  @Test
  void aBombIsStoppedAtTheLimit() throws Exception {
    byte[] bomb = gzip(new byte[10_000_000]);
    assertThat(bomb.length).isLessThan(20_000);
    try (LayerStream stream = LayerStream.open(new ByteArrayInputStream(bomb), 1_000_000)) {
      assertThatThrownBy(stream::finish)
          .isInstanceOf(MalformedLayerException.class)
          .hasMessageContaining("1000000 bytes");
    }
  }

  @Test
  void finishingReadsTheBlobToItsEnd() throws Exception {
    boolean[] ended = {false};
    InputStream blob =
        new FilterInputStream(new ByteArrayInputStream(gzip(ONE))) {
          @Override
          public int read(byte[] target, int offset, int length) throws IOException {
            int read = super.read(target, offset, length);
            ended[0] |= read < 0;
            return read;
          }
        };
    try (LayerStream stream = LayerStream.open(blob, Long.MAX_VALUE)) {
      assertThat(stream.readNBytes(1000)).isEqualTo(Arrays.copyOf(ONE, 1000));
      stream.finish();
    }
    assertThat(ended[0]).isTrue();
  }

  private static byte[] read(byte[] blob) throws IOException {
    try (LayerStream stream = LayerStream.open(new ByteArrayInputStream(blob), Long.MAX_VALUE)) {
      byte[] all = stream.readAllBytes();
      stream.finish();
      return all;
    }
  }

  private static byte[] gzip(byte[] content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(content);
    }
    return bytes.toByteArray();
  }

  private static byte[] concat(byte[] first, byte[] second) {
    byte[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }

  private static byte[] bytes(int size, long seed) {
    byte[] bytes = new byte[size];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }
}
