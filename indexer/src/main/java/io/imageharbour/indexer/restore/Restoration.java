package io.imageharbour.indexer.restore;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.Recipe.Document;
import io.imageharbour.indexer.image.Descriptor;
import io.imageharbour.indexer.image.ImageDocument.ImageList;
import io.imageharbour.indexer.image.ImageReader;
import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.image.MediaTypes;
import io.imageharbour.indexer.image.Platform;
import io.imageharbour.indexer.recipe.ImageRecipe;
import io.imageharbour.indexer.registry.BlobUpload;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.Manifest;
import io.imageharbour.indexer.registry.ManifestNotFoundException;
import io.imageharbour.indexer.registry.Repository;
import io.imageharbour.indexer.registry.UploadedBlob;
import io.imageharbour.indexer.restore.RestoreSummary.RestoredPlatform;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** One image on its way back. For one thread, and used once. */
final class Restoration {

  private static final Set<String> MANIFEST_TYPES =
      Set.of(MediaTypes.OCI_MANIFEST, MediaTypes.DOCKER_MANIFEST);

  private static final Set<String> LIST_TYPES =
      Set.of(MediaTypes.OCI_INDEX, MediaTypes.DOCKER_LIST);

  private final Repository from;
  private final Repository to;
  private final ImageReference source;
  private final ImageReference target;
  private final RestoreListener listener;

  /** Layers that were pushed, by their archives and media types: some images repeat one. */
  private final Map<LayerKey, UploadedBlob> pushed = new HashMap<>();

  private final Map<Digest, UploadedBlob> manifests = new LinkedHashMap<>();
  private final List<RestoredPlatform> platforms = new ArrayList<>();
  private final long start = System.nanoTime();
  private Optional<Document> list = Optional.empty();
  private Document lastManifest = new Document("", new byte[0]);
  private long pushedBytes;

  private record LayerKey(Digest diffId, String mediaType) {}

  Restoration(
      Repository from,
      Repository to,
      ImageReference source,
      ImageReference target,
      RestoreListener listener) {
    this.from = from;
    this.to = to;
    this.source = source;
    this.target = target;
    this.listener = listener;
  }

  /**
   * Restores platforms, and tags them.
   *
   * @param withList whether the list that they were found in is restored, if there was one
   */
  RestoreSummary run(Digest top, List<Platform> wanted, boolean withList)
      throws IOException, InterruptedException {
    for (Platform platform : wanted) {
      try (ImageRecipe recipe = ImageRecipe.open(IndexImage.open(from, top.toString(), platform))) {
        restore(recipe);
      }
    }
    String tag = target.tagOrDigest();
    if (list.isPresent() && (withList || manifests.size() > 1)) {
      Document original = list.get();
      byte[] restored = restoredList(original, withList);
      to.putManifest(tag, known(original, LIST_TYPES, MediaTypes.OCI_INDEX), restored);
      return summary(Digest.sha256(restored), Digest.sha256(restored).equals(original.digest()));
    }
    to.putManifest(tag, lastManifest.mediaType(), lastManifest.bytes());
    return summary(lastManifest.digest(), manifests.containsKey(lastManifest.digest()));
  }

  private RestoreSummary summary(Digest digest, boolean isOriginal) {
    return new RestoreSummary(
        source,
        target,
        digest,
        isOriginal,
        platforms,
        pushedBytes,
        Duration.ofNanos(System.nanoTime() - start));
  }

  private void restore(ImageRecipe recipe) throws IOException, InterruptedException {
    Document original = recipe.recipe().manifest();
    List<UploadedBlob> layers = new ArrayList<>();
    int present = 0;
    try (ArchiveMaker archives = new ArchiveMaker(recipe, listener)) {
      for (int layer = recipe.layers().size() - 1; layer >= 0; layer--) {
        Descriptor descriptor = recipe.layers().get(layer);
        LayerKey key = new LayerKey(recipe.diffIds().get(layer), descriptor.mediaType());
        UploadedBlob known = pushed.get(key);
        if (known != null) {
          layers.add(known);
        } else if (isThere(descriptor)) {
          layers.add(new UploadedBlob(descriptor.digest(), descriptor.size()));
          present++;
        } else {
          UploadedBlob made = push(archives, layer, descriptor.mediaType());
          layers.add(made);
          pushed.put(key, made);
        }
      }
    }
    to.uploadBlob(recipe.recipe().config());
    byte[] manifest = RestoredManifest.of(original, layers.reversed());
    lastManifest = new Document(known(original, MANIFEST_TYPES, MediaTypes.OCI_MANIFEST), manifest);
    to.putManifest(lastManifest.digest().toString(), lastManifest.mediaType(), manifest);
    manifests.put(original.digest(), new UploadedBlob(lastManifest.digest(), manifest.length));
    list = recipe.recipe().list();
    platforms.add(
        new RestoredPlatform(
            recipe.image().platform(),
            Digest.sha256(recipe.recipe().config()),
            original.digest(),
            lastManifest.digest(),
            layers.size(),
            present));
  }

  /** Whether the target has a layer as it was, or can have it without moving its bytes. */
  private boolean isThere(Descriptor layer) throws IOException, InterruptedException {
    return to.hasBlob(layer.digest())
        || (from.name().registry().equals(to.name().registry())
            && !from.name().equals(to.name())
            && from.hasBlob(layer.digest())
            && to.mountBlob(layer.digest(), from.name()));
  }

  private UploadedBlob push(ArchiveMaker archives, int layer, String mediaType)
      throws IOException, InterruptedException {
    try (BlobUpload upload = to.startUpload()) {
      try (OutputStream compressed = Compression.of(mediaType).into(upload.asStream())) {
        archives.write(layer, compressed);
      }
      UploadedBlob blob = upload.commit();
      pushedBytes += blob.size();
      return blob;
    }
  }

  /** Some registries are vague about what they hand out, and strict about what they take. */
  private static String known(Document original, Set<String> types, String otherwise) {
    return types.contains(original.mediaType()) ? original.mediaType() : otherwise;
  }

  /** The list as it was if all of it is there, else with what was restored. */
  private byte[] restoredList(Document original, boolean whole)
      throws IOException, InterruptedException {
    Manifest document = new Manifest(original.digest(), original.mediaType(), original.bytes());
    if (!(new ImageReader(from).parse(document) instanceof ImageList parsed)) {
      throw new RestoreFailedException(
          "The recipe of " + source + " has a list of platforms that is none; name a --platform");
    }
    boolean complete = whole;
    List<Digest> left = new ArrayList<>();
    for (Descriptor entry : parsed.manifests()) {
      UploadedBlob restored = manifests.get(entry.digest());
      boolean there = restored != null || hasManifest(entry.digest());
      if (!there || (restored != null && !restored.digest().equals(entry.digest()))) {
        complete = false;
      }
      if (restored == null) {
        left.add(entry.digest());
      }
    }
    if (complete) {
      return original.bytes();
    }
    if (whole && !left.isEmpty()) {
      listener.warned(
          "The list of "
              + target
              + " had entries that were not converted, and so are not restored (attestations, other"
              + " platforms): "
              + left.stream().map(Digest::toString).collect(Collectors.joining(", ")));
    }
    return RestoredManifest.listOf(original, manifests);
  }

  private boolean hasManifest(Digest digest) throws IOException, InterruptedException {
    try {
      return to.manifest(digest.toString()).digest().equals(digest);
    } catch (ManifestNotFoundException e) {
      return false;
    }
  }
}
