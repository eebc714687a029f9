package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.format.IndexFormat;
import io.imageharbour.indexer.image.Descriptor;
import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.layer.LayerStream;
import io.imageharbour.indexer.layer.TarEntry;
import io.imageharbour.indexer.layer.TarReader;
import io.imageharbour.indexer.registry.BlobNotFoundException;
import io.imageharbour.indexer.registry.InvalidReferenceException;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.indexer.registry.Repository;
import io.imageharbour.indexer.registry.RepositoryName;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The index that an image was built on: its bottom layer is that of an index image, and the others
 * were committed or built by clients that know nothing of it. What the layer holds decides, not
 * what a manifest says of it, for such clients drop or keep annotations as they like.
 */
final class BaseIndex {

  /** The directory of the index in its layer. */
  private static final String DIRECTORY =
      ImageIndex.PATH_IN_LAYER.substring(0, ImageIndex.PATH_IN_LAYER.indexOf('/') + 1);

  /** How much of a bottom layer is read to see what it is, compressed and not. */
  private static final int BEGINNING = 256 << 10;

  private BaseIndex() {}

  /**
   * The index in the image's bottom layer.
   *
   * @return empty for an ordinary layer, of which little is read
   * @throws UnconvertibleImageException if the layer holds an index and other files
   * @throws HarbourException if it is damaged, or too new
   */
  static Optional<ImageIndex> find(Repository repository, SourceImage image)
      throws IOException, InterruptedException {
    if (image.manifest().layers().isEmpty()) {
      return Optional.empty();
    }
    Descriptor bottom = image.manifest().layers().getFirst();
    if (!beginsAsIndexLayer(repository, bottom)) {
      return Optional.empty();
    }
    String name = "layer " + bottom.digest() + " of " + repository.name();
    try (LayerStream stream =
        LayerStream.open(
            repository.openBlob(bottom.digest(), bottom.size()), IndexImage.MAX_LAYER)) {
      TarReader tar = new TarReader(stream);
      Optional<ImageIndex> index = Optional.empty();
      boolean others = false;
      for (Optional<TarEntry> entry = tar.next(); entry.isPresent(); entry = tar.next()) {
        if (isIndex(entry.get()) && index.isEmpty()) {
          index = Optional.of(IndexFormat.read(tar.content(), "the index in " + name));
        } else {
          others |= !isDirectory(entry.get());
        }
      }
      stream.finish();
      if (index.isPresent() && others) {
        throw new UnconvertibleImageException(
            "The " + name + " holds an index and other files; no index image has such a layer");
      }
      return index;
    }
  }

  /** Where packs of such an index may be: beside the image, and where they were pushed to. */
  static List<Repository> places(RegistryClient registry, Repository source, ImageIndex index)
      throws HarbourException {
    List<Repository> places = new ArrayList<>();
    places.add(source);
    for (String origin : index.origins()) {
      try {
        places.add(registry.repository(RepositoryName.parse(origin)));
      } catch (InvalidReferenceException e) {
        throw new HarbourException("The index names an origin that is no repository: " + origin, e);
      }
    }
    return places;
  }

  /** Whether an entry can only be the first one of an index layer. */
  static boolean begins(TarEntry entry) {
    return isDirectory(entry) || isIndex(entry);
  }

  /** Whether an entry is the index in its layer. */
  static boolean isIndex(TarEntry entry) {
    return entry.type() == TarEntry.Type.REGULAR_FILE
        && name(entry).equals(ImageIndex.PATH_IN_LAYER);
  }

  private static boolean isDirectory(TarEntry entry) {
    return entry.type() == TarEntry.Type.DIRECTORY && name(entry).equals(DIRECTORY);
  }

  private static String name(TarEntry entry) {
    return new String(entry.name(), StandardCharsets.ISO_8859_1);
  }

  /** Not verified yet, so good for nothing but to find out whether it is worth reading whole. */
  private static boolean beginsAsIndexLayer(Repository repository, Descriptor layer)
      throws IOException, InterruptedException {
    if (layer.size() == 0) {
      return false;
    }
    byte[] beginning;
    try {
      beginning =
          repository.readBlob(
              layer.digest(), layer.size(), 0, (int) Math.min(BEGINNING, layer.size()));
    } catch (BlobNotFoundException e) {
      return false; // reading it as an ordinary layer says so
    }
    try (LayerStream stream = LayerStream.open(new ByteArrayInputStream(beginning), BEGINNING)) {
      return new TarReader(stream).next().filter(BaseIndex::begins).isPresent();
    } catch (HarbourException e) {
      return false; // reading it as an ordinary layer says what is wrong
    }
  }
}
