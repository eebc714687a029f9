package io.imageharbour.indexer.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdOutputStream;
import com.google.protobuf.ByteString;
import io.imageharbour.indexer.LayerRecipe;
import io.imageharbour.indexer.Recipe;
import io.imageharbour.indexer.format.proto.Layers;
import io.imageharbour.indexer.format.proto.RecipeHead;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Recipes as bytes, and bytes that pretend to be one. */
class RecipeFormatTest {

  @Property(tries = 500)
  void whatIsWrittenIsRead(@ForAll long seed) throws IOException {
    Recipe recipe = RecipeBytes.random(seed);
    assertSame(read(RecipeBytes.write(recipe)), recipe);
  }

  @Test
  void theLiteralBytesAreHandedOnAsTheyAre() throws IOException {
    ByteArrayOutputStream literals = new ByteArrayOutputStream();
    RecipeFormat.read(
        new ByteArrayInputStream(RecipeBytes.write(RecipeBytes.golden())), literals, "a blob");
    assertThat(literals.toByteArray()).isEqualTo(RecipeBytes.LITERALS);
  }

  @Test
  void theFormatOfVersionOneDoesNotChange() throws IOException {
    byte[] golden;
    try (InputStream in = RecipeFormatTest.class.getResourceAsStream("golden-v1.recipe")) {
      golden = in.readAllBytes();
    }
    assertSame(read(golden), RecipeBytes.golden());
    // another zstd may compress to other bytes
    assertThat(RecipeBytes.head(RecipeBytes.write(RecipeBytes.golden())))
        .isEqualTo(RecipeBytes.head(golden));
  }

  @Property(tries = 2000)
  void damagedHeadsGiveNothingButTheNamedException(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    byte[] head = RecipeBytes.head(RecipeBytes.write(RecipeBytes.random(seed)));
    for (int i = 1 + random.nextInt(3); i > 0; i--) {
      head[random.nextInt(head.length)] = (byte) random.nextInt();
    }
    try {
      read(RecipeBytes.seal(head));
    } catch (CorruptRecipeException e) {
      assertThat(e)
          .hasMessageContaining("a blob is a corrupt recipe")
          .hasMessageNotContaining("\n");
    }
  }

  @Property(tries = 1000)
  void damagedBlobsGiveNothingButTheNamedExceptions(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    byte[] blob = RecipeBytes.write(RecipeBytes.random(seed));
    blob[random.nextInt(blob.length)] ^= (byte) (1 + random.nextInt(255));
    assertThatThrownBy(() -> read(blob))
        .isInstanceOfAny(CorruptRecipeException.class, RecipeTooNewException.class);
    try {
      read(IndexBytes.resealed(blob));
    } catch (CorruptRecipeException | RecipeTooNewException e) {
      assertThat(e).hasMessageNotContaining("\n");
    }
  }

  @Property(tries = 300)
  void whatIsTruncatedIsCorrupt(@ForAll long seed, @ForAll @IntRange(max = 1 << 20) int length)
      throws IOException {
    byte[] blob = RecipeBytes.write(RecipeBytes.random(seed));
    assertThatThrownBy(() -> read(Arrays.copyOf(blob, length % blob.length)))
        .isInstanceOf(CorruptRecipeException.class);
  }

  @ParameterizedTest
  @MethodSource("lies")
  void isRefusedWithOneLineThatSaysWhy(Consumer<RecipeHead.Builder> damage, String reason)
      throws IOException {
    RecipeHead.Builder head = RecipeBytes.goldenHead();
    damage.accept(head);
    assertThatThrownBy(() -> read(RecipeBytes.seal(head.build().toByteArray())))
        .isInstanceOf(CorruptRecipeException.class)
        .hasMessageContaining(reason)
        .hasMessageNotContaining("\n");
  }

  static Stream<Arguments> lies() {
    return Stream.of(
        layers("a file too many", l -> l.addContents(0), "lengths of literal bytes"),
        layers("a layer too many", l -> l.addFileCounts(1), "lengths of literal bytes"),
        layers("a layer of more files", l -> l.setFileCounts(2, 4), "less than 4 is possible"),
        layers("a layer of fewer files", l -> l.setFileCounts(2, 2), "are in no layer"),
        layers("negative content", l -> l.setContents(0, -1), "refers to content -1"),
        layers("huge content", l -> l.setContents(0, 1 << 30), "refers to content 1073741824"),
        layers("negative length", l -> l.setLiteralLengths(0, -1), "more literal bytes than"),
        layers(
            "lengths that overflow",
            l -> l.setLiteralLengths(0, 1L << 44).setLiteralLengths(1, Long.MAX_VALUE),
            "more literal bytes than"),
        layers("unpadded beyond the end", l -> l.addUnpadded(100), "less than"),
        layers("unpadded twice", l -> l.addUnpadded(0), "strictly ascending"),
        layers("no extents", l -> l.setExtentCounts(0, 0), "has no extent"),
        layers("extents of nobody", l -> l.setExtentCounts(0, 1), "belong to no file"),
        layers("too many extents", l -> l.setExtentCounts(0, 5), "less than"),
        layers("sparse without counts", l -> l.clearExtentCounts(), "sparse files have"),
        layers("extents without lengths", l -> l.clearExtentLengths(), "extents have"),
        layers("extent beyond all bounds", l -> l.setExtentGaps(0, -1), "beyond all bounds"),
        layers("long extent", l -> l.setExtentLengths(0, 1L << 60), "beyond all bounds"),
        head("no contents", h -> h.clearIndexContents(), "to which contents it belongs"),
        head(
            "short digest",
            h -> h.setIndexContents(ByteString.copyFromUtf8("x")),
            "to which contents it belongs"),
        head(
            "a content outside of its frame",
            h -> h.getHiddenBuilder().setSizes(0, 10),
            "lies outside its frame"),
        head("an unused frame", h -> h.getPacksBuilder().setFrameCounts(0, 1), "are in no pack"));
  }

  @Test
  void hugeCountsAreRefusedBeforeAnythingIsAllocated() throws IOException {
    RecipeHead.Builder head = RecipeBytes.goldenHead();
    head.getLayersBuilder()
        .setFileCounts(2, Integer.MAX_VALUE)
        .setExtentCounts(0, Integer.MAX_VALUE);
    byte[] blob = RecipeBytes.seal(head.build().toByteArray());
    assertThat(
            allocatedBy(
                () ->
                    assertThatThrownBy(() -> read(blob))
                        .isInstanceOf(CorruptRecipeException.class)))
        .isLessThan(2_000_000);
  }

  @Test
  void aHugeDeclaredHeadIsRefusedUnread() throws IOException {
    byte[] blob = RecipeBytes.write(RecipeBytes.golden());
    Arrays.fill(blob, 12, 16, (byte) 0xff);
    assertThatThrownBy(() -> read(blob))
        .isInstanceOf(CorruptRecipeException.class)
        .hasMessageContaining("declares a head of 4294967295 bytes");
  }

  @Test
  void aHeadThatInflatesWithoutEndIsGivenUp() {
    byte[] bomb = Zstd.compress(new byte[300 << 20], 1);
    assertThat(bomb.length).isLessThan(100_000);
    assertThatThrownBy(() -> read(withHead(bomb)))
        .isInstanceOf(CorruptRecipeException.class)
        .hasMessageContaining("inflates to more than 268435456 bytes");
  }

  @Test
  void aHeadThatDoesNotSayWhatItInflatesToOrSaysItWronglyIsCorrupt() throws IOException {
    ByteArrayOutputStream silent = new ByteArrayOutputStream();
    try (ZstdOutputStream zstd = new ZstdOutputStream(silent)) {
      zstd.write(new byte[1 << 20]);
    }
    assertThatThrownBy(() -> read(withHead(silent.toByteArray())))
        .isInstanceOf(CorruptRecipeException.class)
        .hasMessageContaining("does not say what it inflates to");
    byte[] two = new byte[2 * Zstd.compress(new byte[100]).length];
    for (int half : new int[] {0, two.length / 2}) {
      System.arraycopy(Zstd.compress(new byte[100]), 0, two, half, two.length / 2);
    }
    assertThatThrownBy(() -> read(withHead(two)))
        .isInstanceOf(CorruptRecipeException.class)
        .hasMessageContaining("does not inflate to the 100 bytes");
  }

  private static byte[] withHead(byte[] head) throws IOException {
    byte[] blob = Arrays.copyOf(RecipeBytes.seal(new byte[0]), 20 + head.length);
    System.arraycopy(head, 0, blob, 16, head.length);
    ByteBuffer.wrap(blob).order(ByteOrder.LITTLE_ENDIAN).putInt(12, head.length);
    return IndexBytes.resealed(blob);
  }

  @Test
  void theLiteralBytesAreInTheFileAsTheyWereWritten(@TempDir Path directory) throws IOException {
    byte[] blob = RecipeBytes.write(RecipeBytes.golden());
    Path file = Files.write(directory.resolve("recipe"), blob);
    ByteArrayOutputStream literals = new ByteArrayOutputStream();
    Recipe unused = RecipeFormat.read(new ByteArrayInputStream(blob), literals, "test");
    int head = ByteBuffer.wrap(blob).order(ByteOrder.LITTLE_ENDIAN).getInt(12);

    assertThat(RecipeFormat.openLiterals(file)).hasBinaryContent(literals.toByteArray());
    assertThat(RecipeFormat.headBytes(file))
        .isEqualTo(Zstd.getFrameContentSize(Arrays.copyOfRange(blob, 16, 16 + head)));
  }

  @Test
  void aHeadThatIsLongerThanWhatItInflatesToTakesItsLength(@TempDir Path directory)
      throws IOException {
    byte[] frame = Zstd.compress(new byte[10]);
    Path file = Files.write(directory.resolve("recipe"), withHead(Arrays.copyOf(frame, 5000)));

    assertThat(RecipeFormat.headBytes(file)).isEqualTo(5000);
  }

  @Test
  void aLaterVersionIsTooNewAndVersionZeroIsCorrupt() throws IOException {
    byte[] blob = RecipeBytes.write(RecipeBytes.golden());
    blob[8] = 2;
    assertThatThrownBy(() -> read(blob))
        .isInstanceOf(RecipeTooNewException.class)
        .hasMessageContaining("recipe format version 2")
        .hasMessageContaining("upgrade Harbour");
    blob[8] = 0;
    assertThatThrownBy(() -> read(blob))
        .isInstanceOf(CorruptRecipeException.class)
        .hasMessageContaining("there is no version 0");
  }

  @Test
  void whatNobodyCouldReadIsNotWritten() {
    Recipe golden = RecipeBytes.golden();
    Recipe endless =
        new Recipe(
            golden.manifest(),
            golden.config(),
            golden.list(),
            golden.indexContents(),
            List.of(new LayerRecipe(List.of(), 1L << 45)),
            golden.hidden());
    assertThatThrownBy(() -> RecipeBytes.write(endless))
        .isInstanceOf(InvalidRecipeException.class)
        .hasMessageContaining("convert it without recipes");
  }

  private static Arguments layers(String name, Consumer<Layers.Builder> damage, String reason) {
    return head(name, h -> damage.accept(h.getLayersBuilder()), reason);
  }

  private static Arguments head(String name, Consumer<RecipeHead.Builder> damage, String reason) {
    return argumentSet(name, damage, reason);
  }

  private static long allocatedBy(Runnable action) {
    com.sun.management.ThreadMXBean threads =
        (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    action.run();
    return threads.getCurrentThreadAllocatedBytes() - before;
  }

  /** Records with arrays are not equal by themselves. */
  private static void assertSame(Recipe actual, Recipe expected) {
    assertThat(actual).usingRecursiveComparison().isEqualTo(expected);
  }

  private static Recipe read(byte[] blob) throws IOException {
    return RecipeFormat.read(new ByteArrayInputStream(blob), new ByteArrayOutputStream(), "a blob");
  }
}
