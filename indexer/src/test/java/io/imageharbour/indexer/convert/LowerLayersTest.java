package io.imageharbour.indexer.convert;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.LayerRecipe;
import io.imageharbour.indexer.LayerRecipe.FileRecipe;
import io.imageharbour.indexer.Recipe;
import io.imageharbour.indexer.convert.MemoryConversion.WithRecipe;
import io.imageharbour.indexer.format.RecipeFormat;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trees of lower layers out of a recipe: those that converting only these layers gives. */
class LowerLayersTest {

  @Test
  void areThoseOfAnImageThatEndsThere() throws Exception {
    assertLowerLayers(
        List.of(
            new LayerTar()
                .directory("d", 0755)
                .file("d/kept", "kept")
                .file("d/replaced", "first")
                .file("gone", "gone")
                .directory("opaque", 0700)
                .file("opaque/hidden", "hidden")
                .file("empty", "")
                .hardLink("d/linked", "gone")
                .toBytes(),
            new LayerTar()
                .file("d/replaced", "second")
                .whiteout("gone")
                .file("implied/in", "no directory")
                .toBytes(),
            new LayerTar()
                .directory("opaque", 0711)
                .opaque("opaque")
                .file("opaque/new", "new")
                .file("a", "a")
                .hardLink("b", "a")
                .whiteout("d/linked")
                .toBytes(),
            new LayerTar().file("d", "now a file").file("a", "other").toBytes()));
  }

  @Test
  void showWhatOnlyAHardLinkShows() throws Exception {
    assertLowerLayers(
        List.of(
            new LayerTar().file("a", "content").file("other", "x").toBytes(),
            new LayerTar().file("b/a", "in b").hardLink("c", "b/a").file("b/a", "again").toBytes(),
            new LayerTar().file("b", "hides b").toBytes()));
  }

  @Test
  void expandSparseFiles(@TempDir Path directory) throws Exception {
    Path root = Files.createDirectory(directory.resolve("root"));
    assertThat(
            new ProcessBuilder(
                    "sh",
                    "-c",
                    "truncate -s 3M hole; truncate -s 1M s; echo data >> s; truncate -s 2M s;"
                        + " tar --sparse --format=posix -cf ../a.tar hole s")
                .directory(root.toFile())
                .inheritIO()
                .start()
                .waitFor())
        .isZero();
    assertLowerLayers(
        List.of(
            Files.readAllBytes(directory.resolve("a.tar")),
            new LayerTar().whiteout("s").whiteout("hole").toBytes()));
  }

  @Property(tries = 150)
  void areThoseOfAnImageThatEndsThereWhateverTheLayers(@ForAll Random random) throws Exception {
    List<byte[]> layers = new ArrayList<>();
    for (int i = 1 + random.nextInt(4); i > 0; i--) {
      layers.add(layer(random));
    }
    try {
      assertLowerLayers(layers);
    } catch (UnconvertibleImageException e) {
      assertThatThrownBy(() -> new MemoryConversion().convert(layers))
          .isInstanceOf(UnconvertibleImageException.class);
    }
  }

  @Test
  void areRefusedWhereTheRecipeHasAnotherFile() throws Exception {
    MemoryConversion conversion = new MemoryConversion();
    WithRecipe image =
        conversion.convertWithRecipe(
            List.of(ofVersion7(new LayerTar().file("a", "1").file("b", "22").toBytes())));
    ByteArrayOutputStream literals = new ByteArrayOutputStream();
    Recipe recipe = RecipeFormat.read(new ByteArrayInputStream(image.blob()), literals, "a recipe");
    LayerRecipe layer = recipe.layers().getFirst();
    List<FileRecipe> exchanged =
        layer.files().stream()
            .map(
                file ->
                    new FileRecipe(
                        file.literalBytes(), 1 - file.content(), file.padded(), file.extents()))
            .toList();
    ByteArrayOutputStream blob = new ByteArrayOutputStream();
    RecipeFormat.write(
        new Recipe(
            recipe.manifest(),
            recipe.config(),
            recipe.list(),
            recipe.indexContents(),
            List.of(new LayerRecipe(exchanged, layer.tail())),
            recipe.hidden()),
        new ByteArrayInputStream(literals.toByteArray()),
        blob);

    assertThatThrownBy(
            () ->
                MemoryConversion.lowerLayers(new WithRecipe(image.index(), blob.toByteArray()), 1))
        .isInstanceOf(HarbourException.class)
        .hasMessageContaining("its recipe has another file there");
  }

  /** The archive with headers of Unix V7, whose sizes recipes have as they are. */
  private static byte[] ofVersion7(byte[] tar) {
    byte[] magic = "ustar\00000".getBytes(ISO_8859_1);
    for (int block = 0; block < tar.length; block += 512) {
      if (Arrays.equals(tar, block + 257, block + 265, magic, 0, 8)) {
        int checksum = Integer.parseInt(new String(tar, block + 148, 6, ISO_8859_1), 8);
        for (byte b : magic) {
          checksum -= b;
        }
        Arrays.fill(tar, block + 257, block + 265, (byte) 0);
        System.arraycopy("%06o".formatted(checksum).getBytes(ISO_8859_1), 0, tar, block + 148, 6);
      }
    }
    return tar;
  }

  @Test
  void takeNoMoreHeapThanTheyMay() throws Exception {
    byte[] flat = new LayerTar().file("a", "1").file("b", "2").toBytes();
    byte[] deep = new LayerTar().file("d/".repeat(1000) + "a", "1").toBytes();
    WithRecipe image = new MemoryConversion().convertWithRecipe(List.of(flat, deep));

    assertThat(MemoryConversion.lowerLayers(image, 1, 1000).contents()).hasSize(2);
    assertThatThrownBy(() -> MemoryConversion.lowerLayers(image, 1, 500))
        .isInstanceOf(UnconvertibleImageException.class)
        .hasMessageContaining("takes more memory");
    // a directory for two bytes of the archive, and each of them has a path
    assertThatThrownBy(() -> MemoryConversion.lowerLayers(image, 2, 8_000_000))
        .isInstanceOf(UnconvertibleImageException.class)
        .hasMessageContaining("takes more memory");
    assertThat(MemoryConversion.lowerLayers(image, 2, 9_000_000)).isEqualTo(image.index());
  }

  private static void assertLowerLayers(List<byte[]> layers)
      throws IOException, InterruptedException {
    WithRecipe image = new MemoryConversion().convertWithRecipe(layers);
    for (int count = 0; count <= layers.size(); count++) {
      ImageIndex expected = new MemoryConversion().convert(layers.subList(0, count));
      ImageIndex lower = MemoryConversion.lowerLayers(image, count);
      assertThat(lower.inodes()).as("%d layers", count).isEqualTo(expected.inodes());
      assertThat(lower.contents())
          .extracting(FileContent::digest)
          .isEqualTo(expected.contents().stream().map(FileContent::digest).toList());
      assertThat(lower.contents())
          .extracting(FileContent::size)
          .isEqualTo(expected.contents().stream().map(FileContent::size).toList());
    }
    assertThat(MemoryConversion.lowerLayers(image, layers.size())).isEqualTo(image.index());
  }

  private static byte[] layer(Random random) {
    LayerTar layer = new LayerTar();
    for (int i = 1 + random.nextInt(6); i > 0; i--) {
      String path = path(random);
      switch (random.nextInt(9)) {
        case 0, 1 -> layer.directory(path, 0700 + random.nextInt(8));
        case 2 -> layer.whiteout(path);
        case 3 -> layer.opaque(path);
        case 4 -> layer.hardLink(path, path(random));
        case 5 -> layer.symlink(path, path(random));
        default -> layer.file(path, "x".repeat(random.nextInt(3)) + path(random));
      }
    }
    return layer.toBytes();
  }

  private static String path(Random random) {
    String path = "abc".substring(random.nextInt(3)).substring(0, 1);
    return random.nextBoolean() ? path : path + "/" + path(random);
  }
}
