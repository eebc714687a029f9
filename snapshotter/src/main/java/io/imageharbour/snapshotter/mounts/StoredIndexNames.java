package io.imageharbour.snapshotter.mounts;

import io.imageharbour.fusefs.ContentNames;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.DirectoryEntry;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.format.IndexFormat;
import io.imageharbour.pool.process.FieldValue;
import io.imageharbour.snapshotter.source.ImageOrigins;
import io.imageharbour.snapshotter.source.LayerSources;
import io.imageharbour.snapshotter.store.Snapshot;
import io.imageharbour.snapshotter.store.SnapshotStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/**
 * Finds the file that has a digest by reading the indexes of the committed snapshots again. Slow,
 * and asked only when a read failed; nothing is kept in memory for it.
 */
public final class StoredIndexNames implements ContentNames {

  private final SnapshotStore store;
  private final SnapshotDirectories directories;
  private final LayerSources layers;

  /**
   * Reads these.
   *
   * @param layers says what an image is called if its snapshot does not
   */
  public StoredIndexNames(
      SnapshotStore store, SnapshotDirectories directories, LayerSources layers) {
    this.store = store;
    this.directories = directories;
    this.layers = layers;
  }

  @Override
  public String describe(Digest digest) {
    try {
      for (Snapshot snapshot : store.list()) {
        Path file = directories.layer(snapshot.id()).resolve(ImageIndex.PATH_IN_LAYER);
        if (snapshot.index() && Files.exists(file)) {
          ImageIndex index = IndexFormat.read(file);
          Optional<String> path = path(index, digest);
          if (path.isPresent()) {
            return "image=%s path=%s"
                .formatted(FieldValue.of(image(snapshot, index)), FieldValue.of(path.get()));
          }
        }
      }
      return "";
    } catch (IOException e) {
      return "names-unknown=" + FieldValue.of(String.valueOf(e.getMessage()));
    }
  }

  /**
   * The reference that the client passed, else what containerd calls the image; else where it was
   * pushed to, or at least the snapshot's name, which holds the diff ID.
   */
  private String image(Snapshot snapshot, ImageIndex index) {
    return ImageOrigins.reference(snapshot.labels())
        .map(Object::toString)
        .or(() -> ImageOrigins.layer(snapshot.name()).flatMap(layers::imageName))
        .or(() -> index.origins().stream().findFirst())
        .orElse(snapshot.name());
  }

  /** The path of a file whose content, or a chunk of it, has this digest. */
  static Optional<String> path(ImageIndex index, Digest digest) {
    Deque<Place> places = new ArrayDeque<>();
    places.add(new Place("", index.root(), Optional.empty()));
    while (!places.isEmpty()) {
      Place place = places.removeFirst();
      for (DirectoryEntry entry : place.directory.entries()) {
        switch (index.inodes().get(entry.inode())) {
          case Inode.RegularFile file when has(index, file, digest) -> {
            return Optional.of(place.path() + "/" + entry.name());
          }
          case Inode.Directory below ->
              places.addLast(new Place(entry.name().toString(), below, Optional.of(place)));
          default -> {
            // other types have no content
          }
        }
      }
    }
    return Optional.empty();
  }

  private static boolean has(ImageIndex index, Inode.RegularFile file, Digest digest) {
    FileContent content = index.contents().get(file.content());
    return content.digest().equals(digest)
        || content.chunks().stream().anyMatch(chunk -> chunk.digest().equals(digest));
  }

  /** A directory, and the one that it lies in: paths of all of them could take much memory. */
  private record Place(String name, Inode.Directory directory, Optional<Place> parent) {

    String path() {
      Deque<String> names = new ArrayDeque<>();
      for (Optional<Place> at = Optional.of(this); at.isPresent(); at = at.get().parent) {
        names.addFirst(at.get().name);
      }
      return String.join("/", names);
    }
  }
}
