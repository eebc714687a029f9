package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Pack;
import io.imageharbour.indexer.image.Platform;
import io.imageharbour.indexer.pack.KnownChunks;
import io.imageharbour.indexer.pack.PackDestination;
import io.imageharbour.indexer.pack.PackLayout;
import io.imageharbour.indexer.pack.PackWriter;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.Repository;
import java.io.IOException;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The tree of an image that was not converted, as a conversion would see it. */
public final class OrdinaryImage {

  /** The fastest, for nobody reads what comes out. */
  private static final int LEVEL = 1;

  private OrdinaryImage() {}

  /**
   * Reads all layers of an image, and keeps none of their bytes. Memory is bounded as with a
   * conversion.
   *
   * @param wanted which platform; without one this machine's, or the only one that there is
   * @return the tree, with the digest and size of every content; the packs that it names are
   *     nowhere
   * @throws UnconvertibleImageException if the image is not there for the platform, or could not be
   *     converted
   */
  public static ImageIndex readTree(
      Repository repository,
      ImageReference reference,
      Optional<Platform> wanted,
      ConversionListener listener)
      throws IOException, InterruptedException {
    SourceImage image = find(repository, reference, wanted);
    try (PackWriter packs =
        new PackWriter(
            UnkeptPack::new,
            KnownChunks.of(Map.of()),
            PackLayout.DEFAULT,
            LEVEL,
            ConversionOptions.defaults().jobs())) {
      MergedTree tree =
          new TreeReader(
                  new RegistryLayers(repository, image, listener),
                  BaseIndex.find(repository, image),
                  packs,
                  Optional.empty())
              .read();
      packs.finishPack();
      return new IndexAssembly(List.of(repository.name().toString())).assemble(tree);
    }
  }

  private static SourceImage find(
      Repository repository, ImageReference reference, Optional<Platform> wanted)
      throws IOException, InterruptedException {
    List<SourceImage> images =
        SourceImage.find(repository, reference, wanted.map(List::of).orElse(List.of()));
    Platform here = Platform.ofThisMachine();
    if (wanted.isPresent() || images.size() == 1) {
      return images.getFirst();
    }
    return images.stream()
        .filter(image -> image.platform().satisfies(here))
        .findFirst()
        .orElseThrow(
            () ->
                new UnconvertibleImageException(
                    reference + " is not there for " + here + "; say which one with --platform"));
  }

  /** A pack that is only weighed. */
  private static final class UnkeptPack implements PackDestination.NewPack {

    private final MessageDigest sha256 = Digest.newMessageDigest();
    private long size;

    @Override
    public void write(byte[] bytes, int offset, int length) {
      sha256.update(bytes, offset, length);
      size += length;
    }

    @Override
    public Pack commit() {
      return new Pack(Digest.fromBytes(sha256.digest()), size);
    }

    @Override
    public void close() {
      // nothing was kept
    }
  }
}
