package io.imageharbour.indexer.format;

import com.github.luben.zstd.Zstd;
import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.Frame;
import io.imageharbour.indexer.LayerRecipe;
import io.imageharbour.indexer.LayerRecipe.Extent;
import io.imageharbour.indexer.LayerRecipe.FileRecipe;
import io.imageharbour.indexer.Pack;
import io.imageharbour.indexer.Recipe;
import io.imageharbour.indexer.Recipe.Document;
import io.imageharbour.indexer.StoredContents;
import io.imageharbour.indexer.format.proto.RecipeHead;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** Recipes for tests, and their bytes. */
final class RecipeBytes {

  /** What stands for literal bytes where nobody inflates them. */
  static final byte[] LITERALS = "literal bytes".getBytes(StandardCharsets.US_ASCII);

  private RecipeBytes() {}

  /** One of everything that a recipe can hold, always the same. */
  static Recipe golden() {
    FileContent one = new FileContent(digest("one"), 3, List.of(new Chunk(digest("one"), 3, 0, 0)));
    FileContent two =
        new FileContent(
            digest("two"),
            10,
            List.of(new Chunk(digest("2a"), 6, 0, 3), new Chunk(digest("2b"), 4, 1, 0)));
    StoredContents hidden =
        new StoredContents(
            List.of(one, two),
            List.of(new Frame(0, 0, 20, 9), new Frame(0, 25, 7, 4)),
            List.of(new Pack(digest("pack"), 40)));
    return new Recipe(
        new Document("application/vnd.oci.image.manifest.v1+json", bytes("{\"layers\":[]}")),
        bytes("{}"),
        Optional.of(
            new Document("application/vnd.oci.image.index.v1+json", bytes("{\"manifests\":[]}"))),
        digest("contents"),
        List.of(
            new LayerRecipe(
                List.of(
                    new FileRecipe(512, 0, true, List.of()),
                    new FileRecipe(1024, 7, false, List.of(new Extent(1, 2), new Extent(4, 6))),
                    new FileRecipe(0, 6, true, List.of(new Extent(0, 0)))),
                1024),
            new LayerRecipe(List.of(), 0),
            new LayerRecipe(List.of(new FileRecipe(512, 3, false, List.of())), 10_240)),
        hidden);
  }

  static Recipe random(long seed) {
    Random random = new Random(seed);
    List<LayerRecipe> layers = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      List<FileRecipe> files = new ArrayList<>();
      for (int j = random.nextInt(20); j > 0; j--) {
        List<Extent> extents = new ArrayList<>();
        long end = 0;
        for (int k = random.nextInt(10) == 0 ? random.nextInt(5) : 0; k > 0; k--) {
          extents.add(new Extent(end + random.nextInt(1000), random.nextLong(1L << 40)));
          end = extents.getLast().end();
        }
        files.add(
            new FileRecipe(
                random.nextLong(1L << random.nextInt(1, 40)),
                random.nextInt(1 << random.nextInt(1, 20)),
                random.nextInt(5) > 0,
                extents));
      }
      layers.add(new LayerRecipe(files, random.nextInt(20_000)));
    }
    Recipe golden = golden();
    return new Recipe(
        golden.manifest(),
        golden.config(),
        random.nextBoolean() ? golden.list() : Optional.empty(),
        digest("contents" + seed),
        layers,
        random.nextBoolean() ? golden.hidden() : StoredContents.NONE);
  }

  static byte[] write(Recipe recipe) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    RecipeFormat.write(recipe, new ByteArrayInputStream(LITERALS), out);
    return out.toByteArray();
  }

  /** A blob with this head and a right checksum. */
  static byte[] seal(byte[] head) {
    byte[] compressed = Zstd.compress(head, 1);
    return IndexBytes.resealed(
        ByteBuffer.allocate(20 + compressed.length + LITERALS.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .put((byte) 0x89)
            .put(bytes("HARRCPE"))
            .putInt(1)
            .putInt(compressed.length)
            .put(compressed)
            .put(LITERALS)
            .array());
  }

  /** The inflated head of a blob. */
  static byte[] head(byte[] blob) {
    int length = ByteBuffer.wrap(blob).order(ByteOrder.LITTLE_ENDIAN).getInt(12);
    byte[] compressed = Arrays.copyOfRange(blob, 16, 16 + length);
    return Zstd.decompress(compressed, (int) Zstd.getFrameContentSize(compressed));
  }

  static RecipeHead.Builder goldenHead() throws IOException {
    return RecipeHead.parseFrom(head(write(golden()))).toBuilder();
  }

  static Digest digest(String text) {
    return Digest.sha256(bytes(text));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
