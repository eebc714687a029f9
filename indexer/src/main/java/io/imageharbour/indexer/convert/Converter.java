package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.RegistryClient;
import java.io.IOException;

/**
 * Turns images into index images and packs, from registry to registry. Safe for use by several
 * threads.
 */
public final class Converter {

  private final RegistryClient registry;
  private final ConversionOptions options;

  public Converter(RegistryClient registry, ConversionOptions options) {
    this.registry = registry;
    this.options = options;
  }

  /**
   * Converts {@code source} and pushes the result under {@code target}'s tag. Layers are streamed:
   * the image is never unpacked to disk, and memory is bounded, however big the image is. Nothing
   * is visible under the tag before every byte of the source was verified and everything was
   * pushed; on failure the uploads are cancelled and the tag stays as it was.
   *
   * @param target where to; has a tag or means {@code latest}, and no digest
   * @throws HarbourException if the source can't be converted or a registry refuses; the message is
   *     fit for people
   * @throws InterruptedException if the thread was interrupted; the uploads are cancelled then too
   */
  public ConversionSummary convert(
      ImageReference source, ImageReference target, ConversionListener listener)
      throws IOException, InterruptedException {
    requireTarget(source, target);
    return new Conversion(registry, options, source, target, listener).run();
  }

  /**
   * Converts {@code image} and leaves the indexes beside it, one for each platform, as manifests
   * that name the image's as their subject. The image itself, its name and its tags stay as they
   * are.
   *
   * @throws HarbourException if the image can't be converted or a registry refuses; the message is
   *     fit for people
   * @throws InterruptedException if the thread was interrupted; the uploads are cancelled then too
   */
  public ConversionSummary attach(ImageReference image, ConversionListener listener)
      throws IOException, InterruptedException {
    if (!options.recipes()) {
      throw new IllegalArgumentException("an index beside an image needs a recipe");
    }
    return new Conversion(registry, options, image, image, listener).run();
  }

  private static void requireTarget(ImageReference source, ImageReference target)
      throws HarbourException {
    if (target.digest().isPresent()) {
      throw new HarbourException(
          target + " can't be pushed to: the digest comes out of the conversion; give a tag");
    }
    if (source.digest().isEmpty()
        && source.repository().equals(target.repository())
        && source.tagOrDigest().equals(target.tagOrDigest())) {
      throw new HarbourException(
          target + " is the source itself; give the index image a tag of its own");
    }
  }
}
