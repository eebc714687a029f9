package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Pack;
import io.imageharbour.indexer.StoredContents;
import io.imageharbour.indexer.convert.ConversionListener.Stage;
import io.imageharbour.indexer.image.AttachedIndex;
import io.imageharbour.indexer.image.Descriptor;
import io.imageharbour.indexer.image.ImageDocument;
import io.imageharbour.indexer.image.ImageDocument.ImageList;
import io.imageharbour.indexer.image.ImageDocument.ImageManifest;
import io.imageharbour.indexer.image.ImageReader;
import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.pack.KnownChunks;
import io.imageharbour.indexer.pack.PackedChunk;
import io.imageharbour.indexer.pack.PackedFile;
import io.imageharbour.indexer.recipe.ImageRecipe;
import io.imageharbour.indexer.registry.BlobUpload;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.Manifest;
import io.imageharbour.indexer.registry.ManifestNotFoundException;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.indexer.registry.Repository;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The packs that a conversion may refer to: those of the index images in the target's repository,
 * and of those that the user names. Where several hold a chunk, the target tag's present image
 * comes first, so that converting the same image again gives the same index; then the other tags,
 * the last in their order first; then the images that were named. For one thread.
 */
final class KnownPacks {

  /** How many tags of the target's repository are looked at. */
  private static final int MAX_TAGS = 100;

  private static final int CONNECTIONS = 8;

  private final RegistryClient registry;
  private final Repository target;
  private final boolean withHidden;
  private final ConversionListener listener;
  private final Map<Digest, PackedChunk> chunks = new HashMap<>();
  private final Map<Digest, PackedChunk> allChunks = new HashMap<>();
  private final Map<Digest, Repository> homes = new HashMap<>();
  private final Set<Digest> seen = new HashSet<>();

  /**
   * Knows nothing yet.
   *
   * @param withHidden whether the packs of hidden contents are looked at too
   */
  KnownPacks(
      RegistryClient registry, Repository target, boolean withHidden, ConversionListener listener) {
    this.registry = registry;
    this.target = target;
    this.withHidden = withHidden;
    this.listener = listener;
  }

  /**
   * Looks for index images and reads their indexes; the packs themselves are not read.
   *
   * @param attached whether indexes beside ordinary images are looked for, too
   */
  void find(String targetTag, List<ImageReference> named, boolean attached)
      throws IOException, InterruptedException {
    List<String> tags = tags(targetTag);
    listener.started(Stage.FIND_PACKS, target.name().toString(), (long) tags.size() + named.size());
    for (TaggedImage image : lookUp(tags, attached)) {
      addTagged(image);
      listener.advanced(Stage.FIND_PACKS, 1);
    }
    for (ImageReference image : named) {
      addNamed(image);
      listener.advanced(Stage.FIND_PACKS, 1);
    }
    listener.finished(Stage.FIND_PACKS);
  }

  /** The chunks that files of the images show: those in packs that containers read from. */
  KnownChunks chunks() {
    return KnownChunks.of(chunks);
  }

  /** Every chunk that the packs hold. */
  KnownChunks allChunks() {
    return KnownChunks.of(allChunks);
  }

  /**
   * Makes the packs known that an index refers to on which the source is built: every one of them
   * is needed.
   *
   * @param places where they may be besides the target, in the order in which they are asked
   * @throws HarbourException if one of them is in none
   */
  void addBase(ImageIndex base, List<Repository> places) throws IOException, InterruptedException {
    for (Pack pack : base.packs()) {
      if (!homes.containsKey(pack.digest())) {
        homes.put(pack.digest(), find(pack, places));
      }
    }
    add(base.stored(), target, List.of(chunks, allChunks));
  }

  private Repository find(Pack pack, List<Repository> places)
      throws IOException, InterruptedException {
    if (target.hasBlob(pack.digest())) {
      return target;
    }
    StringBuilder asked = new StringBuilder(target.name().toString());
    for (Repository place : places) {
      try {
        if (place.hasBlob(pack.digest())) {
          return place;
        }
        asked.append(", ").append(place.name());
      } catch (HarbourException e) {
        asked.append(", ").append(place.name()).append(" (").append(e.getMessage()).append(')');
      }
    }
    throw new HarbourException(
        "Pack "
            + pack.digest()
            + " of the index image that the source is built on is not in "
            + asked
            + "; copy that index image with its packs to one of them (skopeo copy --all)");
  }

  /**
   * Makes sure that a pack is in the target's repository: it is, or it is mounted from the one that
   * it was found in, or copied where the registry does not mount.
   */
  void bring(Pack pack) throws IOException, InterruptedException {
    Repository home = homes.get(pack.digest());
    if (home == null
        || home.name().equals(target.name())
        || (home.name().registry().equals(target.name().registry())
            && target.mountBlob(pack.digest(), home.name()))) {
      return;
    }
    byte[] buffer = new byte[256 * 1024];
    try (InputStream blob = home.openBlob(pack.digest(), pack.size());
        BlobUpload upload = target.startUpload()) {
      for (int read = blob.read(buffer); read >= 0; read = blob.read(buffer)) {
        upload.write(buffer, 0, read);
      }
      upload.commit();
    }
  }

  private List<String> tags(String targetTag) throws IOException, InterruptedException {
    Set<String> tags = new LinkedHashSet<>();
    tags.add(targetTag);
    try {
      tags.addAll(new TreeSet<>(target.tags(10 * MAX_TAGS)).descendingSet());
    } catch (HarbourException e) {
      listener.warned("Only the target itself is looked at for packs: " + e.getMessage());
    }
    if (tags.size() > MAX_TAGS) {
      listener.warned(
          target.name()
              + " has more than "
              + MAX_TAGS
              + " tags; files in packs of the others are not deduplicated");
    }
    return tags.stream().limit(MAX_TAGS).toList();
  }

  /** What has an index of what a tag points to, or why that can't be said. */
  private record TaggedImage(String tag, List<Digest> images, Optional<String> problem) {}

  /** Asks for all tags at once: most point to ordinary images, and an answer takes its time. */
  private List<TaggedImage> lookUp(List<String> tags, boolean attached)
      throws IOException, InterruptedException {
    ExecutorService pool =
        Executors.newFixedThreadPool(
            CONNECTIONS, Thread.ofVirtual().name("tag-lookup-", 1).factory());
    try {
      List<Future<TaggedImage>> lookups =
          tags.stream().map(tag -> pool.submit(() -> lookUp(tag, attached))).toList();
      List<TaggedImage> images = new ArrayList<>();
      for (Future<TaggedImage> lookup : lookups) {
        images.add(lookup.get());
      }
      return images;
    } catch (ExecutionException e) {
      throw new IOException("A tag of " + target.name() + " can't be looked up", e.getCause());
    } finally {
      pool.shutdownNow();
      pool.close();
    }
  }

  private TaggedImage lookUp(String tag, boolean attached)
      throws IOException, InterruptedException {
    try {
      Manifest manifest = target.manifest(tag);
      ImageDocument document = new ImageReader(target).parse(manifest);
      List<Digest> images = new ArrayList<>();
      if (document.isHarbours()) {
        images.add(manifest.digest());
      } else if (attached) {
        addAttached(manifest, document, images);
      }
      return new TaggedImage(tag, images, Optional.empty());
    } catch (ManifestNotFoundException e) {
      return new TaggedImage(tag, List.of(), Optional.empty());
    } catch (HarbourException e) {
      return new TaggedImage(tag, List.of(), Optional.of(String.valueOf(e.getMessage())));
    }
  }

  /** Adds the manifests that have an index beside them. */
  private void addAttached(Manifest manifest, ImageDocument document, List<Digest> images)
      throws IOException, InterruptedException {
    List<Digest> manifests =
        switch (document) {
          case ImageManifest _ -> List.of(manifest.digest());
          case ImageList list ->
              list.manifests().stream()
                  .filter(entry -> !entry.isForUnknownPlatform() && entry.artifactType().isEmpty())
                  .map(Descriptor::digest)
                  .toList();
        };
    for (Digest one : manifests) {
      if (AttachedIndex.find(target, one).isPresent()) {
        images.add(one);
      }
    }
  }

  private void addTagged(TaggedImage tagged) throws IOException, InterruptedException {
    Optional<String> problem = tagged.problem();
    for (Digest image : tagged.images()) {
      try {
        if (seen.add(image)) {
          add(IndexImage.openAll(target, image.toString()));
        }
      } catch (HarbourException e) {
        problem = Optional.of(String.valueOf(e.getMessage()));
      }
    }
    problem.ifPresent(
        cause ->
            listener.warned(
                target.name() + ":" + tagged.tag() + " can't be used for deduplication: " + cause));
  }

  private void addNamed(ImageReference image) throws IOException, InterruptedException {
    if (!image.repository().registry().equals(target.name().registry())) {
      throw new HarbourException(
          "Packs of "
              + image
              + " can't be used: it is not in the target's registry "
              + target.name().registry()
              + "; copy it there first (skopeo copy --all), or leave it out");
    }
    add(IndexImage.openAll(registry.repository(image.repository()), image.tagOrDigest()));
  }

  private void add(List<IndexImage> images) throws IOException, InterruptedException {
    for (IndexImage image : images) {
      if (seen.add(image.manifest().digest())) {
        add(image.index().stored(), image.repository(), List.of(chunks, allChunks));
        addHidden(image);
      }
    }
  }

  private void addHidden(IndexImage image) throws IOException, InterruptedException {
    if (!withHidden || image.recipe().isEmpty()) {
      return;
    }
    try {
      add(ImageRecipe.read(image).hidden(), image.repository(), List.of(allChunks));
    } catch (HarbourException e) {
      listener.warned(
          "What files of layers below show can't be used for deduplication: " + e.getMessage());
    }
  }

  private void add(StoredContents stored, Repository home, List<Map<Digest, PackedChunk>> to)
      throws IOException, InterruptedException {
    List<Boolean> usable = new ArrayList<>();
    for (Pack pack : stored.packs()) {
      usable.add(isThere(pack, home));
    }
    List<PackedFile> files = StoredFiles.of(stored);
    for (int i = 0; i < files.size(); i++) {
      List<Chunk> chunksOfFile = stored.contents().get(i).chunks();
      for (int j = 0; j < chunksOfFile.size(); j++) {
        if (usable.get(stored.frames().get(chunksOfFile.get(j).frame()).pack())) {
          PackedChunk packed = files.get(i).chunks().get(j);
          to.forEach(map -> map.putIfAbsent(packed.digest(), packed));
        }
      }
    }
  }

  private boolean isThere(Pack pack, Repository home) throws IOException, InterruptedException {
    if (homes.containsKey(pack.digest())) {
      return true;
    }
    if (!home.hasBlob(pack.digest())) {
      listener.warned("Pack " + pack.digest() + " is missing in " + home.name());
      return false;
    }
    homes.put(pack.digest(), home);
    return true;
  }
}
