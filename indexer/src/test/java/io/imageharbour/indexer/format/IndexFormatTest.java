package io.imageharbour.indexer.format;

import static io.imageharbour.indexer.format.IndexBytes.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.InvalidProtocolBufferException;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.RandomImage;
import io.imageharbour.indexer.format.proto.Index;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IndexFormatTest {

  @Property(tries = 300)
  void anyImageIsReadAsItWasWritten(@ForAll long seed, @ForAll @IntRange(max = 200) int size)
      throws IOException {
    ImageIndex index = new RandomImage(seed, size).index();

    byte[] bytes = write(index);

    assertThat(read(bytes)).isEqualTo(index);
    assertThat(write(read(bytes))).isEqualTo(bytes);
  }

  @Property(tries = 50)
  void thePayloadIsPlainProtobuf(@ForAll long seed) throws IOException {
    ImageIndex index = new RandomImage(seed, 50).index();

    Index parsed = Index.parseFrom(payload(write(index)));

    assertThat(parsed.getTree().getInodeModesCount()).isEqualTo(index.inodes().size());
    assertThat(parsed.getContents().getSizesCount()).isEqualTo(index.contents().size());
    assertThat(parsed.getPacks().getFrameSizesList())
        .isEqualTo(index.frames().stream().map(frame -> frame.size()).toList());
  }

  @Property(tries = 3_000)
  void damagedBytesGiveNothingButTheNamedExceptions(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    byte[] bytes = write(new RandomImage(seed % 10, 60).index());
    for (int i = 1 + random.nextInt(3); i > 0; i--) {
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
    }
    try {
      read(IndexBytes.resealed(bytes));
    } catch (CorruptIndexException | IndexTooNewException | NotAnIndexException e) {
      assertThat(e).hasMessageContaining("an image").hasMessageNotContaining("\n");
    }
  }

  @Property(tries = 200)
  void whatIsTruncatedIsCorrupt(@ForAll long seed, @ForAll @IntRange(max = 1 << 20) int length)
      throws IOException {
    byte[] bytes = write(new RandomImage(seed, 20).index());
    byte[] truncated = Arrays.copyOf(bytes, length % bytes.length);

    assertThatThrownBy(() -> read(truncated))
        .isInstanceOfAny(CorruptIndexException.class, NotAnIndexException.class);
  }

  @Test
  void aFileThatIsNotAnIndexIsNamed(@TempDir Path directory) throws IOException {
    Path file = Files.writeString(directory.resolve("index"), "#!/bin/sh\nexit 1\n# and more\n");

    assertThatThrownBy(() -> IndexFormat.read(file))
        .isInstanceOf(NotAnIndexException.class)
        .hasMessage(
            file
                + " is not a Harbour index: it does not begin with the magic number; check that the"
                + " reference names a converted image");
  }

  @Test
  void anEmptyFileIsNoIndex() {
    assertThatThrownBy(() -> read(new byte[0]))
        .isInstanceOf(NotAnIndexException.class)
        .hasMessageContaining("it is empty");
  }

  @Test
  void aLaterVersionIsTooNewWhateverElseItHolds() throws IOException {
    byte[] bytes = Arrays.copyOf(write(new RandomImage(1, 5).index()), 20);
    bytes[8] = 2;

    assertThatThrownBy(() -> read(bytes))
        .isInstanceOf(IndexTooNewException.class)
        .hasMessageContaining("format version 2")
        .hasMessageContaining("upgrade Harbour");
  }

  @Test
  void versionZeroIsCorrupt() throws IOException {
    byte[] bytes = write(new RandomImage(1, 5).index());
    bytes[8] = 0;

    assertCorrupt(bytes, "there is no version 0");
  }

  @Test
  void aWrongChecksumIsCorrupt() throws IOException {
    byte[] bytes = write(new RandomImage(1, 5).index());
    bytes[bytes.length - 1] ^= 1;

    assertCorrupt(bytes, "its checksum is");
  }

  @Test
  void bytesAfterTheFooterAreCorrupt() throws IOException {
    byte[] bytes = write(new RandomImage(1, 5).index());

    assertCorrupt(Arrays.copyOf(bytes, bytes.length + 1), "more bytes follow its footer");
  }

  @Test
  void aHugeDeclaredPayloadIsRefusedUnread() throws IOException {
    byte[] bytes = write(new RandomImage(1, 5).index());
    Arrays.fill(bytes, 12, 16, (byte) 0xff);

    assertCorrupt(bytes, "it declares a payload of 4294967295 bytes");
  }

  @Test
  void fieldsOfLaterVersionsAreIgnored() throws IOException {
    ImageIndex index = new RandomImage(1, 30).index();
    byte[] payload = payload(write(index));
    byte[] longer = Arrays.copyOf(payload, payload.length + 5);
    System.arraycopy(new byte[] {(byte) 0x7a, 3, 1, 2, 3}, 0, longer, payload.length, 5);

    assertThat(read(IndexBytes.seal(longer))).isEqualTo(index);
  }

  @Test
  void theFormatOfVersionOneDoesNotChange() throws IOException {
    byte[] golden;
    try (InputStream in = IndexFormatTest.class.getResourceAsStream("golden-v1.index")) {
      golden = in.readAllBytes();
    }
    assertThat(read(golden)).isEqualTo(GoldenImage.index());
    assertThat(write(GoldenImage.index())).isEqualTo(golden);
  }

  private static void assertCorrupt(byte[] bytes, String reason) {
    assertThatThrownBy(() -> read(bytes))
        .isInstanceOf(CorruptIndexException.class)
        .hasMessageStartingWith("an image is a corrupt index: " + reason)
        .hasMessageEndingWith("; pull it again, or convert the image again");
  }

  private static byte[] payload(byte[] bytes) throws InvalidProtocolBufferException {
    return Arrays.copyOfRange(bytes, 16, bytes.length - 4);
  }

  private static byte[] write(ImageIndex index) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    IndexFormat.write(index, out);
    return out.toByteArray();
  }
}
