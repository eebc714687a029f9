package io.imageharbour.indexer.convert;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Recipe;
import io.imageharbour.indexer.convert.MemoryConversion.WithRecipe;
import io.imageharbour.indexer.format.RecipeFormat;
import io.imageharbour.indexer.pack.PackLayout;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Layers come back byte for byte from their recipe, whoever wrote them and however they end. */
class RecipeRoundTripTest {

  /** Files of several frames and chunks, though they are small. */
  private static final PackLayout SMALL = new PackLayout(100, 300, 1000, 400, 2000);

  @Property(tries = 120)
  void layersComeBackAsTheyWere(
      @ForAll Random random, @ForAll @IntRange(min = 1, max = 4) int layers) throws Exception {
    List<byte[]> archives = new ArrayList<>();
    for (int i = 0; i < layers; i++) {
      archives.add(ended(archive(random, 12), random));
    }
    assertComesBack(archives);
  }

  @Test
  void whatStandsInTheLastBlockOfAFileComesBack() throws Exception {
    byte[] tar = new LayerTar().file("a", "x".repeat(700)).file("b", "y").toBytes();
    int header = 1536; // with its PAX records
    tar[header + 700 + 100] = 7; // in a's padding
    tar[header + 1024 + header + 1] = 8; // in b's, right behind its content
    assertComesBack(List.of(tar));
  }

  @Test
  void anArchiveThatEndsInsideTheLastBlockOfItsLastFileComesBack() throws Exception {
    byte[] tar = new LayerTar().file("a", "x".repeat(700)).toBytes();
    int end = 1536 + 700; // of the content
    for (int length : new int[] {end, end + 1, end + 323, end + 324}) {
      assertComesBack(List.of(Arrays.copyOf(tar, length)));
    }
  }

  @Test
  void aFileThatIsStoredTwiceAndOneThatOthersHideAreKeptOnce() throws Exception {
    String big = "0123456789".repeat(200);
    byte[] lower =
        new LayerTar().file("a", big).file("b", big).file("gone", "g".repeat(99)).toBytes();
    byte[] upper = new LayerTar().file("a", "new").whiteout("gone").toBytes();
    MemoryConversion conversion = new MemoryConversion(SMALL, 2);
    WithRecipe image = conversion.convertWithRecipe(List.of(lower, upper));

    assertSame(conversion.restore(image), List.of(lower, upper));
    Recipe recipe = recipe(image);
    assertThat(recipe.hidden().contents()).singleElement().matches(content -> content.size() == 99);
    assertThat(recipe.layers().getFirst().files().get(0).content())
        .isEqualTo(recipe.layers().getFirst().files().get(1).content());
    assertThat(recipe.hidden().packs()).doesNotContainAnyElementsOf(image.index().packs());
  }

  @Test
  void theIndexIsTheOneWithoutRecipes() throws Exception {
    byte[] lower = new LayerTar().file("a", "old").file("b", "both").toBytes();
    byte[] upper = new LayerTar().file("a", "new").file("c", "c").toBytes();

    assertThat(new MemoryConversion().convertWithRecipe(List.of(lower, upper)).index())
        .isEqualTo(new MemoryConversion().convert(List.of(lower, upper)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"v7", "oldgnu", "gnu", "ustar", "posix"})
  void archivesOfGnuTarComeBack(String format, @TempDir Path directory) throws Exception {
    Path root = Files.createDirectory(directory.resolve("root"));
    Files.writeString(root.resolve("a"), "content");
    Files.createSymbolicLink(root.resolve("link"), Path.of("a"));
    Files.createLink(root.resolve("hard"), root.resolve("a"));
    if (!format.equals("v7") && !format.equals("ustar")) {
      Files.writeString(root.resolve("n".repeat(180)), "long name");
    }
    Files.write(Files.createDirectory(root.resolve("d")).resolve("b"), new byte[3000]);

    assertComesBack(List.of(tar(directory, root, "--format=" + format)));
    assertComesBack(List.of(tar(directory, root, "--format=" + format, "--blocking-factor=1")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.0", "0.1", "1.0"})
  void sparseFilesComeBackAsTheyWereStored(String version, @TempDir Path directory)
      throws Exception {
    Path root = Files.createDirectory(directory.resolve("root"));
    byte[] data = new byte[70_000];
    new Random(1).nextBytes(data);
    try (RandomAccessFile sparse = new RandomAccessFile(root.resolve("s").toFile(), "rw")) {
      sparse.seek(1_000_000);
      sparse.write(data);
      sparse.seek(5_000_000);
      sparse.write(data, 0, 4097);
      sparse.setLength(9_000_001);
    }
    try (RandomAccessFile hole = new RandomAccessFile(root.resolve("hole").toFile(), "rw")) {
      hole.setLength(3_000_000);
    }
    Files.writeString(root.resolve("z"), "after");
    byte[] tar = tar(directory, root, "--sparse", "--format=posix", "--sparse-version=" + version);
    assertThat(tar.length).isLessThan(200_000);

    MemoryConversion conversion = new MemoryConversion();
    WithRecipe image = conversion.convertWithRecipe(List.of(tar));
    assertSame(conversion.restore(image), List.of(tar));
    assertThat(recipe(image).hidden().contents()).as("stored besides the files").isEmpty();
    assertComesBack(List.of(tar, new LayerTar().whiteout("s").whiteout("hole").toBytes()));
  }

  private static void assertComesBack(List<byte[]> layers) throws Exception {
    MemoryConversion conversion = new MemoryConversion(SMALL, 1);
    assertSame(conversion.restore(conversion.convertWithRecipe(layers)), layers);
  }

  private static void assertSame(List<byte[]> restored, List<byte[]> layers) {
    assertThat(restored).hasSameSizeAs(layers);
    for (int i = 0; i < layers.size(); i++) {
      assertThat(Arrays.mismatch(restored.get(i), layers.get(i)))
          .as("where layer %d of %d bytes differs", i, layers.get(i).length)
          .isEqualTo(-1);
    }
  }

  private static Recipe recipe(WithRecipe image) throws IOException {
    return RecipeFormat.read(
        new ByteArrayInputStream(image.blob()), OutputStream.nullOutputStream(), "a recipe");
  }

  /** Entries in whatever order, as different programs write them. */
  private static byte[] archive(Random random, int most) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int i = random.nextInt(most); i > 0; i--) {
      LayerTar one =
          new LayerTar(
              random.nextBoolean()
                  ? TarArchiveOutputStream.LONGFILE_GNU
                  : TarArchiveOutputStream.LONGFILE_POSIX);
      String name =
          random.nextInt(5) == 0
              ? "d/" + "n".repeat(random.nextInt(250) + 1)
              : "f" + random.nextInt(6);
      switch (random.nextInt(6)) {
        case 0 -> one.directory("d", 0755);
        case 1 -> one.whiteout("f" + random.nextInt(6));
        case 2 -> one.symlink("l" + random.nextInt(3), "f1");
        default -> one.file(name, content(random));
      }
      byte[] entry = one.toBytes();
      int end = entry.length;
      while (end >= 512 && isZero(entry, end - 512)) {
        end -= 512;
      }
      bytes.write(entry, 0, Math.max(end, 512));
    }
    return bytes.toByteArray();
  }

  private static boolean isZero(byte[] bytes, int from) {
    return Arrays.equals(bytes, from, from + 512, new byte[512], 0, 512);
  }

  private static String content(Random random) {
    byte[] bytes =
        new byte
            [switch (random.nextInt(4)) {
              case 0 -> random.nextInt(3);
              case 1 -> 512 * random.nextInt(4);
              case 2 -> random.nextInt(120);
              default -> random.nextInt(4000);
            }];
    new Random(random.nextInt(8)).nextBytes(bytes);
    if (bytes.length > 0) {
      bytes[bytes.length - 1] |= 1; // so that no block of it is taken for the archive's end
    }
    return new String(bytes, ISO_8859_1);
  }

  /** The ends that archives have, and what may follow them. */
  private static byte[] ended(byte[] archive, Random random) {
    byte[] garbage = new byte[random.nextInt(3000)];
    random.nextBytes(garbage);
    return switch (random.nextInt(6)) {
      case 0 -> archive;
      case 1 -> Arrays.copyOf(archive, archive.length + 512);
      case 2 -> Arrays.copyOf(archive, (archive.length / 10240 + 1) * 10240);
      case 3 -> joined(Arrays.copyOf(archive, archive.length + 1024), garbage);
      case 4 -> joined(Arrays.copyOf(archive, archive.length + 1024), archive);
      default -> Arrays.copyOf(archive, archive.length + 1024);
    };
  }

  private static byte[] joined(byte[] first, byte[] second) {
    byte[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }

  private static byte[] tar(Path directory, Path root, String... options) throws Exception {
    List<String> command = new ArrayList<>(List.of("tar", "-cf", directory + "/a.tar"));
    command.addAll(List.of(options));
    command.addAll(List.of("-C", root.toString(), "."));
    assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
    return Files.readAllBytes(directory.resolve("a.tar"));
  }
}
