package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.Frame;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Pack;
import io.imageharbour.indexer.convert.ConversionListener.Stage;
import io.imageharbour.indexer.image.ImageReader;
import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.pack.PackedChunk;
import io.imageharbour.indexer.pack.PackedFrame;
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
  private final ConversionListener listener;
  private final Map<Digest, PackedChunk> chunks = new HashMap<>();
  private final Map<Digest, Repository> homes = new HashMap<>();
  private final Set<Digest> seen = new HashSet<>();

  KnownPacks(RegistryClient registry, Repository target, ConversionListener listener) {
    this.registry = registry;
    this.target = target;
    this.listener = listener;
  }

  /** Looks for index images and reads their indexes; the packs themselves are not read. */
  void find(String targetTag, List<ImageReference> named) throws IOException, InterruptedException {
    List<String> tags = tags(targetTag);
    listener.started(Stage.FIND_PACKS, target.name().toString(), (long) tags.size() + named.size());
    for (TaggedImage image : lookUp(tags)) {
      addTagged(image);
      listener.advanced(Stage.FIND_PACKS, 1);
    }
    for (ImageReference image : named) {
      addNamed(image);
      listener.advanced(Stage.FIND_PACKS, 1);
    }
    listener.finished(Stage.FIND_PACKS);
  }

  /** Every chunk that the packs hold. */
  Map<Digest, PackedChunk> chunks() {
    return chunks;
  }

  /**
   * Makes sure that a pack is in the target's repository: it is, or it is mounted from the one that
   * it was found in, or copied where the registry does not mount.
   */
  void bring(Pack pack) throws IOException, InterruptedException {
    Repository home = homes.get(pack.digest());
    if (home == null
        || home.name().equals(target.name())
        || target.mountBlob(pack.digest(), home.name())) {
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

  /** What a tag points to, if that is an index image, or why that can't be said. */
  private record TaggedImage(String tag, Optional<Digest> image, Optional<String> problem) {}

  /** Asks for all tags at once: most point to ordinary images, and an answer takes its time. */
  private List<TaggedImage> lookUp(List<String> tags) throws IOException, InterruptedException {
    ExecutorService pool =
        Executors.newFixedThreadPool(
            CONNECTIONS, Thread.ofVirtual().name("tag-lookup-", 1).factory());
    try {
      List<Future<TaggedImage>> lookups =
          tags.stream().map(tag -> pool.submit(() -> lookUp(tag))).toList();
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

  private TaggedImage lookUp(String tag) throws IOException, InterruptedException {
    try {
      Manifest manifest = target.manifest(tag);
      boolean harbours = new ImageReader(target).parse(manifest).isHarbours();
      return new TaggedImage(
          tag, harbours ? Optional.of(manifest.digest()) : Optional.empty(), Optional.empty());
    } catch (ManifestNotFoundException e) {
      return new TaggedImage(tag, Optional.empty(), Optional.empty());
    } catch (HarbourException e) {
      return new TaggedImage(tag, Optional.empty(), Optional.of(String.valueOf(e.getMessage())));
    }
  }

  private void addTagged(TaggedImage tagged) throws IOException, InterruptedException {
    Optional<String> problem = tagged.problem();
    if (tagged.image().isPresent() && seen.add(tagged.image().get())) {
      try {
        add(IndexImage.openAll(target, tagged.image().get().toString()));
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
        add(image.index(), image.repository());
      }
    }
  }

  private void add(ImageIndex index, Repository home) throws IOException, InterruptedException {
    List<Boolean> usable = new ArrayList<>();
    for (Pack pack : index.packs()) {
      usable.add(isThere(pack, home));
    }
    List<PackedFrame> frames = new ArrayList<>(index.frames().size());
    for (Frame frame : index.frames()) {
      frames.add(
          PackedFrame.known(
              index.packs().get(frame.pack()),
              frame.offset(),
              frame.compressedSize(),
              frame.size()));
    }
    for (FileContent content : index.contents()) {
      for (Chunk chunk : content.chunks()) {
        if (usable.get(index.frames().get(chunk.frame()).pack())) {
          chunks.putIfAbsent(
              chunk.digest(),
              new PackedChunk(
                  chunk.digest(), chunk.size(), frames.get(chunk.frame()), chunk.offset()));
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
