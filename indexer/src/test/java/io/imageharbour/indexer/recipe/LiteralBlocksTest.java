package io.imageharbour.indexer.recipe;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Headers get shorter, and every block comes back, whatever is in it. */
class LiteralBlocksTest {

  private static final OptionalLong NONE = OptionalLong.empty();

  @Test
  void ofAHeaderOnlyWhatTheLastOneHadNotIsLeft() {
    byte[] first = header("usr/bin/first", '0', 1234);
    byte[] second = header("usr/bin/files", '0', 5);
    LiteralBlocks blocks = new LiteralBlocks();
    blocks.reduce(first, OptionalLong.of(1234));
    blocks.reduce(second, OptionalLong.of(5));

    assertThat(text(first, 0, 13)).isEqualTo("usr/bin/first");
    assertThat(text(second, 0, 14)).isEqualTo("\0".repeat(10) + "les\0");
    assertThat(text(second, 124, 156))
        .isEqualTo("\0".repeat(12) + text(second, 136, 148) + "\0".repeat(8));
  }

  @Test
  void aNameThatIsTheBeginningOfTheLastOneComesBack() {
    assertComeBack(List.of(header("a/bc", '5', 0), header("a/b", '5', 0), header("a/b", '0', 1)));
  }

  @Test
  void namesOfPaxRecordsAreComparedAmongThemselves() {
    LiteralBlocks blocks = new LiteralBlocks();
    blocks.reduce(header("PaxHeaders/a", 'x', 30), NONE);
    blocks.reduce(header("a", '0', 30), NONE);
    byte[] second = header("PaxHeaders/b", 'x', 30);
    blocks.reduce(second, NONE);

    assertThat(text(second, 0, 13)).isEqualTo("\0".repeat(11) + "b\0");
  }

  @Test
  void aBlockThatIsNoHeaderStaysAsItIs() {
    byte[] block = new byte[LiteralBlocks.SIZE];
    new Random(1).nextBytes(block);
    byte[] reduced = block.clone();
    new LiteralBlocks().reduce(reduced, OptionalLong.of(7));

    assertThat(reduced).isEqualTo(block);
  }

  @Property
  void everyBlockComesBack(@ForAll Random random) {
    List<byte[]> blocks = new ArrayList<>();
    for (int i = random.nextInt(8); i >= 0; i--) {
      byte[] block =
          header(
              "d/" + Integer.toString(random.nextInt(40), 3), "0x5".charAt(random.nextInt(3)), i);
      for (int j = random.nextInt(4); j > 0; j--) {
        block[random.nextInt(random.nextBoolean() ? 20 : LiteralBlocks.SIZE)] =
            (byte) (random.nextBoolean() ? 0 : random.nextInt());
      }
      blocks.add(block);
    }
    assertComeBack(blocks);
  }

  private static void assertComeBack(List<byte[]> blocks) {
    LiteralBlocks reducing = new LiteralBlocks();
    LiteralBlocks restoring = new LiteralBlocks();
    for (int i = 0; i < blocks.size(); i++) {
      OptionalLong stored = i % 3 == 0 ? NONE : OptionalLong.of((long) i << 32);
      byte[] block = blocks.get(i).clone();
      reducing.reduce(block, stored);
      restoring.restore(block, stored);
      assertThat(block).as("block %d", i).isEqualTo(blocks.get(i));
    }
  }

  /** As GNU tar writes it. */
  private static byte[] header(String name, char type, long size) {
    byte[] block = new byte[LiteralBlocks.SIZE];
    put(block, 0, name);
    put(block, 100, "0000644\0" + "0000000\0" + "0000000\0" + "%011o\0".formatted(size));
    put(block, 136, "14570000000\0" + "        " + type);
    put(block, 257, "ustar\00000");
    int sum = 0;
    for (byte b : block) {
      sum += b & 0xff;
    }
    put(block, 148, "%06o\0 ".formatted(sum));
    return block;
  }

  private static void put(byte[] block, int offset, String text) {
    System.arraycopy(text.getBytes(ISO_8859_1), 0, block, offset, text.length());
  }

  private static String text(byte[] block, int from, int to) {
    return new String(Arrays.copyOfRange(block, from, to), ISO_8859_1);
  }
}
