package io.imageharbour.indexer.format;

import static io.imageharbour.indexer.format.IndexBytes.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.imageharbour.indexer.RandomImage;
import io.imageharbour.indexer.format.proto.Index;
import io.imageharbour.indexer.format.proto.Tree;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/**
 * Payloads that no writer makes: not of the messages they should be, far bigger than they look, or
 * damaged at random. Refusing them costs little.
 */
class HostilePayloadTest {

  @Test
  void aFieldThatIsLongerThanItsMessageIsRefused() {
    assertCorrupt(new byte[] {0x0a, (byte) 0xff, (byte) 0xff, 0x7f}, "declares 2097151 bytes");
    assertCorrupt(
        new byte[] {0x0a, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1}, "18446744073709551615 bytes");
  }

  @Test
  void aFieldThatComesTwiceIsRefused() {
    assertCorrupt(new byte[] {0x0a, 0, 0x0a, 0}, "field 1 of its payload appears twice");
  }

  @Test
  void aFieldOfAnotherKindIsRefused() {
    assertCorrupt(new byte[] {0x08, 1}, "a malformed field");
    assertCorrupt(new byte[] {0x02, 0}, "a malformed field");
  }

  @Test
  void aNumberWithoutEndIsRefused() {
    byte[] endless = new byte[20];
    Arrays.fill(endless, (byte) 0x80);
    assertCorrupt(endless, "more than ten bytes");
    assertCorrupt(new byte[] {(byte) 0x80}, "ends too early");
  }

  @Test
  void aRootThatIsAPipeIsRefused() {
    Tree.Builder tree = Tree.newBuilder().addModes(0010644).addUids(0).addGids(0).addSeconds(0);
    tree.addNanos(0).addInodeModes(0).addInodeTimes(0);

    assertCorrupt(
        Index.newBuilder().setTree(tree).build().toByteArray(), "its root is not a directory");
  }

  @Test
  void aPathThatIsTooDeepIsRefused() {
    assertThatThrownBy(() -> read(nested(100_000, "d")))
        .isInstanceOf(CorruptIndexException.class)
        .hasMessageContaining("/d/d/d")
        .hasMessageContaining("the path has more than 2047 components")
        .satisfies(e -> assertThat(e.toString()).hasSizeLessThan(500));
  }

  @Test
  void aPathThatIsTooLongIsRefused() throws IOException {
    read(nested(256, "d".repeat(255)));
    assertThatThrownBy(() -> read(nested(258, "d".repeat(255))))
        .isInstanceOf(CorruptIndexException.class)
        .hasMessageContaining("the path has more than 65535 bytes")
        .satisfies(e -> assertThat(e.toString()).hasSizeLessThan(500));
  }

  @Test
  void tenMillionEntriesInAHundredBytesCostNothing() throws IOException {
    byte[] small =
        IndexBytes.seal(
            Index.newBuilder()
                .setTree(
                    Tree.newBuilder()
                        .addModes(0040755)
                        .addUids(0)
                        .addGids(0)
                        .addSeconds(0)
                        .addNanos(0)
                        .addInodeModes(0)
                        .addInodeTimes(0)
                        .addEntryCounts(10_000_000))
                .build());
    assertThat(small).hasSizeLessThan(100);

    long allocated = allocatedBy(() -> assertThatThrownBy(() -> read(small)).isNotNull());

    assertThat(allocated).isLessThan(2_000_000);
  }

  @Property(tries = 300)
  void damageNeverMakesTheReaderAllocateMuch(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    IndexFormat.write(new RandomImage(seed % 10, 60).index(), out);
    byte[] bytes = out.toByteArray();
    for (int i = 0; i < 4; i++) {
      bytes[16 + random.nextInt(bytes.length - 16)] = (byte) random.nextInt();
    }
    byte[] damaged = IndexBytes.resealed(bytes);

    long allocated =
        allocatedBy(
            () -> {
              try {
                read(damaged);
              } catch (CorruptIndexException e) {
                assertThat(e).hasMessageContaining("corrupt");
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });

    assertThat(allocated).isLessThan(2_000_000 + 50L * damaged.length);
  }

  /** An index of directories in each other, all of one name but the root. */
  private static byte[] nested(int directories, String name) {
    Tree.Builder tree = Tree.newBuilder();
    tree.addModes(0040755).addUids(0).addGids(0).addSeconds(0).addNanos(0);
    for (int i = 0; i < directories; i++) {
      tree.addInodeModes(0).addInodeTimes(0).addEntryCounts(i < directories - 1 ? 1 : 0);
    }
    tree.setNames(ByteString.copyFromUtf8((name + "\0").repeat(directories - 1)));
    return IndexBytes.seal(Index.newBuilder().setTree(tree).build());
  }

  private static void assertCorrupt(byte[] payload, String reason) {
    assertThatThrownBy(() -> read(IndexBytes.seal(payload)))
        .isInstanceOf(CorruptIndexException.class)
        .hasMessageContaining(reason);
  }

  private static long allocatedBy(Runnable action) {
    com.sun.management.ThreadMXBean threads =
        (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    action.run();
    return threads.getCurrentThreadAllocatedBytes() - before;
  }
}
