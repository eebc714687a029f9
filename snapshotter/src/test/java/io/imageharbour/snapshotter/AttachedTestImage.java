package io.imageharbour.snapshotter;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.luben.zstd.Zstd;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.LayerRecipe;
import io.imageharbour.indexer.LayerRecipe.FileRecipe;
import io.imageharbour.indexer.Recipe;
import io.imageharbour.indexer.StoredContents;
import io.imageharbour.indexer.format.IndexFormat;
import io.imageharbour.indexer.format.RecipeFormat;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.snapshotter.source.AttachedImage;
import io.imageharbour.snapshotter.source.AttachedImages;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/**
 * An image with {@link SmallIndex} beside it: its bottom layer has the file, and the upper one
 * nothing. Stands for the registry as well.
 */
public final class AttachedTestImage implements AttachedImages, AttachedImage {

  private static final byte[] MANIFEST = "a manifest".getBytes(UTF_8);
  private static final List<Digest> CHAIN =
      List.of(Digest.sha256(new byte[] {1}), Digest.sha256(new byte[] {2}));
  private static final int BLOCK = LayerRecipe.BLOCK;

  /** Places in a header: six octal digits, and what Unix V7 has not. */
  private static final int CHECKSUM = 148;

  private static final int MAGIC = 257;
  private static final int MAGIC_END = 265;

  private byte[] index = new byte[0];
  private byte[] recipe = new byte[0];
  private List<AttachedImage> beside = List.of(this);
  private int forgotten;

  public AttachedTestImage() throws IOException {
    setIndex(SmallIndex.bytes());
  }

  /** Has this index beside it, and a recipe that goes with it. */
  public void setIndex(byte[] bytes) throws IOException {
    setIndex(bytes, 0);
  }

  /**
   * Has this index beside it, and a recipe that goes with it.
   *
   * @param more how many literal bytes more the recipe says that the bottom layer has
   */
  public void setIndex(byte[] bytes, long more) throws IOException {
    index = bytes;
    byte[] bottom = archive();
    // the content's block is no literal
    byte[] literals = new byte[bottom.length - BLOCK + 2 * BLOCK];
    System.arraycopy(bottom, 0, literals, 2 * BLOCK, BLOCK);
    Recipe made =
        new Recipe(
            new Recipe.Document("application/vnd.oci.image.manifest.v1+json", MANIFEST),
            new byte[] {'{', '}'},
            Optional.empty(),
            Recipe.digestOf(
                IndexFormat.read(new ByteArrayInputStream(bytes), "the test").contents()),
            List.of(
                new LayerRecipe(
                    List.of(new FileRecipe(BLOCK, 0, true, List.of())),
                    bottom.length - 2 * BLOCK + more),
                new LayerRecipe(List.of(), 2 * BLOCK)),
            StoredContents.NONE);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    RecipeFormat.write(made, new ByteArrayInputStream(Zstd.compress(literals)), out);
    recipe = out.toByteArray();
  }

  /** Has a recipe that is cut off. */
  public void damage() {
    recipe = Arrays.copyOf(recipe, recipe.length - 1);
  }

  /** Has others beside it as well. */
  public void setBeside(List<AttachedImage> all) {
    beside = all;
  }

  /** How often a client found that nothing beside it is of use. */
  public int forgotten() {
    return forgotten;
  }

  /** With a header of Unix V7, which recipes have as it is. */
  private static byte[] archive() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(out)) {
      TarArchiveEntry entry = new TarArchiveEntry("dir/file");
      entry.setSize(SmallIndex.CONTENT.length);
      tar.putArchiveEntry(entry);
      tar.write(SmallIndex.CONTENT);
      tar.closeArchiveEntry();
    }
    byte[] archive = out.toByteArray();
    int checksum = Integer.parseInt(new String(archive, CHECKSUM, 6, US_ASCII), 8);
    for (int i = MAGIC; i < MAGIC_END; i++) {
      checksum -= archive[i];
      archive[i] = 0;
    }
    System.arraycopy("%06o".formatted(checksum).getBytes(US_ASCII), 0, archive, CHECKSUM, 6);
    return archive;
  }

  /** What a client says that is about to unpack a layer, 0 for the bottom one. */
  public static Map<String, String> labels(int layer) {
    return Map.of(
        "containerd.io/snapshot.ref",
        CHAIN.get(layer).toString(),
        "containerd.io/snapshot/cri.manifest-digest",
        Digest.sha256(MANIFEST).toString(),
        "containerd.io/snapshot/cri.image-ref",
        "registry.test/app:1");
  }

  @Override
  public List<Digest> chainIds() {
    return CHAIN;
  }

  @Override
  public void save(Path indexFile, Path recipeFile) throws IOException {
    Files.write(indexFile, index);
    Files.write(recipeFile, recipe);
  }

  @Override
  public List<AttachedImage> find(ImageReference image, Digest manifest) {
    return beside;
  }

  @Override
  public void forget(ImageReference image, Digest manifest) {
    forgotten++;
  }
}
