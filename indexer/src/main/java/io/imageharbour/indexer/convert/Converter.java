package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Pack;
import io.imageharbour.indexer.convert.ConversionListener.Stage;
import io.imageharbour.indexer.convert.ConversionSummary.ConvertedPlatform;
import io.imageharbour.indexer.pack.PackDestination;
import io.imageharbour.indexer.pack.PackLayout;
import io.imageharbour.indexer.pack.PackWriter;
import io.imageharbour.indexer.registry.BlobUpload;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.indexer.registry.Repository;
import io.imageharbour.indexer.registry.UploadedBlob;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

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
    long start = System.nanoTime();
    requireTarget(source, target);
    Repository from = registry.repository(source.repository());
    Repository to = registry.repository(target.repository());
    List<SourceImage> images = SourceImage.find(from, source, options.platforms());
    KnownPacks known = new KnownPacks(registry, to, listener);
    known.find(target.tagOrDigest(), options.dedupFrom());

    IndexAssembly assembly = new IndexAssembly(to.name().toString());
    IndexImagePusher pusher = new IndexImagePusher(to, listener);
    List<ConvertedPlatform> converted = new ArrayList<>();
    long packBytes = 0;
    listener.started(Stage.UPLOAD_PACKS, to.name().toString(), ConversionListener.UNKNOWN);
    try (PackWriter packs =
        new PackWriter(
            () -> new UploadedPack(to.startUpload(), listener),
            known.chunks(),
            PackLayout.DEFAULT,
            options.level(),
            options.jobs())) {
      for (SourceImage image : images) {
        MergedTree tree = new TreeReader(new RegistryLayers(from, image, listener), packs).read();
        packBytes += packs.finishPack().stream().mapToLong(Pack::size).sum();
        ImageIndex index = assembly.assemble(tree);
        for (Pack pack : index.packs()) {
          known.bring(pack);
        }
        converted.add(pusher.push(image, index));
      }
    }
    listener.finished(Stage.UPLOAD_PACKS);
    return new ConversionSummary(
        source,
        target,
        pusher.tag(target.tagOrDigest()),
        converted,
        assembly.files(),
        assembly.uniqueFiles(),
        assembly.bytes(),
        assembly.uniqueBytes(),
        images.stream().mapToLong(SourceImage::layerBytes).sum(),
        packBytes,
        pusher.layerBytes(),
        assembly.referencedFiles(),
        assembly.referencedBytes(),
        Duration.ofNanos(System.nanoTime() - start));
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

  /** A pack that streams into a repository. */
  private record UploadedPack(BlobUpload upload, ConversionListener listener)
      implements PackDestination.NewPack {

    @Override
    public void write(byte[] bytes, int offset, int length)
        throws IOException, InterruptedException {
      upload.write(bytes, offset, length);
      listener.advanced(Stage.UPLOAD_PACKS, length);
    }

    @Override
    public Pack commit() throws IOException, InterruptedException {
      UploadedBlob blob = upload.commit();
      return new Pack(blob.digest(), blob.size());
    }

    @Override
    public void close() {
      upload.close();
    }
  }
}
