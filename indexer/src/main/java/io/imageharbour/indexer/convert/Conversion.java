package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Pack;
import io.imageharbour.indexer.Recipe;
import io.imageharbour.indexer.Recipe.Document;
import io.imageharbour.indexer.convert.ConversionListener.Stage;
import io.imageharbour.indexer.convert.ConversionSummary.ConvertedPlatform;
import io.imageharbour.indexer.convert.ManifestJson.PushedRecipe;
import io.imageharbour.indexer.convert.TreeReader.Recording;
import io.imageharbour.indexer.image.Descriptor;
import io.imageharbour.indexer.pack.PackDestination;
import io.imageharbour.indexer.pack.PackLayout;
import io.imageharbour.indexer.pack.PackWriter;
import io.imageharbour.indexer.recipe.RecipeRecorder;
import io.imageharbour.indexer.registry.BlobUpload;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.Manifest;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.indexer.registry.Repository;
import io.imageharbour.indexer.registry.UploadedBlob;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One conversion on its way, all platforms of an image. For one thread, and used once. */
final class Conversion {

  private final RegistryClient registry;
  private final ConversionOptions options;
  private final ImageReference source;
  private final ImageReference target;
  private final ConversionListener listener;
  private final Repository from;
  private final Repository to;
  private final KnownPacks known;
  private final IndexAssembly assembly;
  private final List<SourceImage> images;
  private final boolean attach;
  private final IndexPusher pusher;

  private final Map<Digest, Long> sourceLayers = new HashMap<>();

  /** What the index images need in the registry besides their index layers, each blob once. */
  private final Map<Digest, Long> stored = new HashMap<>();

  private long packBytes;
  private long hiddenBytes;
  private long recipeBytes;

  /**
   * Finds what is to be converted.
   *
   * @param target where to; the source itself to leave the indexes beside it
   */
  Conversion(
      RegistryClient registry,
      ConversionOptions options,
      ImageReference source,
      ImageReference target,
      ConversionListener listener)
      throws IOException, InterruptedException {
    this.registry = registry;
    this.options = options;
    this.source = source;
    this.target = target;
    this.listener = listener;
    from = registry.repository(source.repository());
    to = registry.repository(target.repository());
    known = new KnownPacks(registry, to, options.recipes(), listener);
    assembly = new IndexAssembly(List.of(to.name().toString()));
    images = SourceImage.find(from, source, options.platforms());
    attach = target.equals(source);
    pusher =
        attach
            ? new AttachedIndexPusher(to, named(images.getFirst()), listener)
            : new IndexImagePusher(to, target.tagOrDigest(), listener);
  }

  /** What the name of the source points to. */
  private static Digest named(SourceImage image) {
    return image.list().orElse(image.document()).digest();
  }

  ConversionSummary run() throws IOException, InterruptedException {
    long start = System.nanoTime();
    known.find(target.tagOrDigest(), options.dedupFrom(), attach);
    List<ConvertedPlatform> converted = new ArrayList<>();
    listener.started(Stage.UPLOAD_PACKS, to.name().toString(), ConversionListener.UNKNOWN);
    PackDestination destination = () -> new UploadedPack(to.startUpload());
    try (PackWriter packs =
            new PackWriter(
                destination, known.chunks(), PackLayout.DEFAULT, options.level(), options.jobs());
        PackWriter hidden =
            new PackWriter(
                destination,
                packs.added().or(known.allChunks()),
                PackLayout.DEFAULT,
                options.level(),
                1)) {
      for (SourceImage image : images) {
        converted.add(convert(image, packs, hidden));
      }
    }
    listener.finished(Stage.UPLOAD_PACKS);
    return new ConversionSummary(
        source,
        target,
        pusher.finish(),
        converted,
        assembly.files(),
        assembly.uniqueFiles(),
        assembly.bytes(),
        assembly.uniqueBytes(),
        sum(sourceLayers),
        packBytes,
        pusher.indexBytes(),
        hiddenBytes,
        recipeBytes,
        sum(stored) + pusher.indexBytes(),
        assembly.referencedFiles(),
        assembly.referencedBytes(),
        Duration.ofNanos(System.nanoTime() - start));
  }

  private ConvertedPlatform convert(SourceImage image, PackWriter packs, PackWriter hidden)
      throws IOException, InterruptedException {
    RegistryLayers layers = new RegistryLayers(from, image, listener);
    for (Descriptor layer : image.manifest().layers()) {
      sourceLayers.put(layer.digest(), layer.size());
    }
    Optional<ImageIndex> base = BaseIndex.find(from, image);
    if (base.isPresent() && attach) {
      throw new UnconvertibleImageException(
          source
              + " is built on an index image: nodes have what is in that already. Convert it without"
              + " --attach");
    }
    if (base.isPresent()) {
      known.addBase(base.get(), BaseIndex.places(registry, from, base.get()));
    }
    if (!options.recipes()) {
      MergedTree tree = new TreeReader(layers, base, packs, Optional.empty()).read();
      packBytes += finish(packs);
      ImageIndex index = assembly.assemble(tree);
      bring(index.packs());
      return pusher.push(image, index, Optional.empty());
    }
    try (RecipeRecorder recorder = new RecipeRecorder(to.temporaryDirectory())) {
      MergedTree tree =
          new TreeReader(layers, base, packs, Optional.of(new Recording(recorder, hidden))).read();
      packBytes += finish(packs);
      hiddenBytes += finish(hidden);
      ImageIndex index = assembly.assemble(tree);
      Recipe recipe =
          recorder.recipe(
              document(image.document()),
              image.config().bytes(),
              image.list().map(Conversion::document),
              index);
      bring(index.packs());
      bring(recipe.hidden().packs());
      return pusher.push(image, index, Optional.of(push(recipe, recorder)));
    }
  }

  private PushedRecipe push(Recipe recipe, RecipeRecorder recorder)
      throws IOException, InterruptedException {
    try (BlobUpload upload = to.startUpload()) {
      recorder.write(recipe, upload.asStream());
      if (upload.size() > Recipe.MAX_BYTES) {
        throw new UnconvertibleImageException(
            source
                + " has a recipe of "
                + upload.size()
                + " bytes, more than restoring reads; convert it without recipes");
      }
      UploadedBlob blob = upload.commit();
      recipeBytes += blob.size();
      stored.put(blob.digest(), blob.size());
      return new PushedRecipe(blob.digest(), blob.size(), recipe.hidden().packs());
    }
  }

  private void bring(List<Pack> packs) throws IOException, InterruptedException {
    for (Pack pack : packs) {
      known.bring(pack);
      stored.put(pack.digest(), pack.size());
    }
  }

  private static long finish(PackWriter writer) throws IOException, InterruptedException {
    return writer.finishPack().stream().mapToLong(Pack::size).sum();
  }

  private static long sum(Map<Digest, Long> blobs) {
    return blobs.values().stream().mapToLong(Long::longValue).sum();
  }

  private static Document document(Manifest manifest) {
    return new Document(manifest.mediaType(), manifest.bytes());
  }

  /** Two packs may be on their way, and the listener hears of them in turn. */
  private synchronized void advance(int bytes) {
    listener.advanced(Stage.UPLOAD_PACKS, bytes);
  }

  /** A pack that streams into a repository. */
  private final class UploadedPack implements PackDestination.NewPack {

    private final BlobUpload upload;

    UploadedPack(BlobUpload upload) {
      this.upload = upload;
    }

    @Override
    public void write(byte[] bytes, int offset, int length)
        throws IOException, InterruptedException {
      upload.write(bytes, offset, length);
      advance(length);
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
