package io.imageharbour.snapshotter.mounts;

import io.imageharbour.fusefs.ContentStore;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.format.IndexFormat;
import io.imageharbour.snapshotter.source.ImageSize;
import io.imageharbour.snapshotter.store.Usage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes index snapshots of layers that hold the index of an image, and takes them apart again. The
 * index is read with every check before anything is made of it. Safe for use by several threads as
 * long as each works on another snapshot, or {@linkplain #lock locks} it.
 */
public final class IndexSnapshots implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(IndexSnapshots.class);

  private static final Path INDEX = Path.of(ImageIndex.PATH_IN_LAYER);

  private final SnapshotDirectories directories;
  private final ContentStore contents;
  private final IndexTrees trees;
  private final IndexMemory memory = new IndexMemory(Runtime.getRuntime().maxMemory());

  private final KeyLocks locks = new KeyLocks();

  /** Those whose trees are mounted and whose contents are known, as far as this process knows. */
  private final Set<Long> ready = ConcurrentHashMap.newKeySet();

  /** Works on these directories and this content store, and mounts trees so; closes those. */
  public IndexSnapshots(SnapshotDirectories directories, ContentStore contents, IndexTrees trees) {
    this.directories = directories;
    this.contents = contents;
    this.trees = trees;
  }

  /**
   * Whether a layer holds the index of an image and nothing else. An ordinary image with a file of
   * that name among others stays an ordinary image.
   */
  static boolean holdsIndex(Path layer) throws IOException {
    Path directory = layer.resolve(INDEX).getParent();
    return directory != null
        && Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)
        && Files.isRegularFile(layer.resolve(INDEX), LinkOption.NOFOLLOW_LINKS)
        && hasOneEntry(layer)
        && hasOneEntry(directory);
  }

  /**
   * Reads the index, makes the tree, mounts it and makes the contents known. Either all of it is
   * done and durable, or nothing is left of it; only that on a full disk, which may lack the room
   * to forget the contents, an empty directory can stay to tell others to do it.
   *
   * @param origins puts the origins of the image in order, given those that the index names
   * @return what the tree occupies on disk
   */
  Usage build(long id, Function<List<String>, List<String>> origins) throws IOException {
    try (IndexMemory.Share share = memory.take(Files.size(indexFile(id)))) {
      ImageIndex index = readIndex(id);
      // the tree and the table of contents are independent, and each keeps one processor busy
      CompletableFuture<Optional<IOException>> tree =
          CompletableFuture.supplyAsync(
              () -> makeTree(id, index),
              task -> Thread.ofPlatform().name("tree-" + id).start(task));
      Optional<IOException> failure;
      try {
        contents.add(imageName(id), index, origins.apply(index.origins()));
      } finally {
        failure = tree.join();
      }
      if (failure.isPresent()) {
        throw failure.get();
      }
      ready.add(id);
      Path image = directories.image(id);
      return Files.exists(image) ? DiskUsage.of(image) : Usage.NONE;
    } catch (IOException | RuntimeException | Error e) {
      try {
        discard(id);
      } catch (IOException | RuntimeException | Error discarding) {
        e.addSuppressed(discarding);
      }
      throw e;
    }
  }

  private Optional<IOException> makeTree(long id, ImageIndex index) {
    try {
      makeTreeDurably(id, index);
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of(e);
    }
  }

  private void makeTreeDurably(long id, ImageIndex index) throws IOException {
    trees.mount(id, index);
    // the client that unpacked the layer did not do this for its files
    sync(indexFile(id));
    sync(directories.directory(id));
  }

  /**
   * Unmounts the tree, deletes the EROFS image, if there is one, and forgets the contents; what is
   * gone is fine.
   */
  void discard(long id) throws IOException {
    ready.remove(id);
    trees.release(id);
    Files.deleteIfExists(directories.unfinishedImage(id));
    Files.deleteIfExists(directories.image(id));
    // after the files: on a full disk it needs the room that they took
    contents.remove(imageName(id));
    // last: that it is there tells others that there is something to discard
    Files.deleteIfExists(directories.tree(id));
  }

  /**
   * Makes a committed index snapshot usable again after a start: mounted, and its contents known. A
   * tree that can't be mounted as it is is made again.
   *
   * @param known whether the content store still knows the contents
   */
  void restore(long id, boolean known, Function<List<String>, List<String>> origins)
      throws IOException {
    boolean mounted = trees.remount(id);
    if (mounted && known) {
      ready.add(id);
      return;
    }
    try (IndexMemory.Share share = memory.take(Files.size(indexFile(id)))) {
      ImageIndex index = readIndex(id);
      if (!mounted) {
        makeTreeDurably(id, index);
      }
      if (!known) {
        contents.add(imageName(id), index, origins.apply(index.origins()));
      }
    }
    ready.add(id);
  }

  /** Whether something can stand on a snapshot: its tree is mounted, and its contents known. */
  boolean isReady(long id) {
    return ready.contains(id);
  }

  /**
   * Waits until nobody else who locks it works on a snapshot; it is not deleted before the result
   * is closed.
   */
  KeyLocks.Held lock(long id) {
    return locks.lock(Long.toString(id));
  }

  /**
   * Makes sure that {@link #takeMemory} gives so much.
   *
   * @throws IndexTooLargeException if it never will
   */
  void requireMemory(long bytes) throws IndexTooLargeException {
    memory.require(bytes);
  }

  /** Waits until there is memory for work on files of this size. */
  IndexMemory.Share takeMemory(long bytes) throws IOException {
    return memory.take(bytes);
  }

  /** The index of an index snapshot. */
  ImageIndex readIndex(long id) throws IOException {
    Path file = indexFile(id);
    try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
      return IndexFormat.read(in, file.toString());
    }
  }

  /** How large the image of an index snapshot is; reads its index, when there is memory for it. */
  ImageSize size(long id) throws IOException {
    try (IndexMemory.Share share = memory.take(Files.size(indexFile(id)))) {
      return ImageSize.of(readIndex(id));
    }
  }

  /** The snapshots whose contents the content store knows. */
  Set<String> knownImages() throws IOException {
    return contents.images().stream().collect(Collectors.toSet());
  }

  /** Makes the content store forget an image that has no snapshot. */
  void forget(String image) throws IOException {
    contents.remove(image);
  }

  @Override
  public void close() {
    trees.close();
    memory.close();
  }

  /**
   * Deletes the directory of a snapshot that is not stored, or not any more, and what hangs on it,
   * after whoever has locked the snapshot. One that stays harms nobody: the next start tries again.
   */
  void deleteLeftover(long id) {
    Path directory = directories.directory(id);
    try (KeyLocks.Held held = lock(id)) {
      if (directories.hasTree(id)) {
        discard(id);
      }
      SnapshotDirectories.delete(directory);
    } catch (IOException e) {
      LOG.warn("event=delete-failed directory={} cause=\"{}\"", directory, e.toString());
    }
  }

  /** What a snapshot is called in the content store. */
  static String imageName(long id) {
    return Long.toString(id);
  }

  /** The file of the index in an index snapshot's layer; an attached one may not have it yet. */
  Path indexFile(long id) {
    return directories.layer(id).resolve(INDEX);
  }

  /** Makes a file or directory durable. */
  static void sync(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(/* metaData= */ true);
    }
  }

  private static boolean hasOneEntry(Path directory) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      int count = 0;
      for (Path unused : entries) {
        count++;
        if (count > 1) {
          return false;
        }
      }
      return count == 1;
    }
  }
}
