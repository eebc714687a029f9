package io.imageharbour.snapshotter.mounts;

import io.imageharbour.snapshotter.store.Snapshot;
import io.imageharbour.snapshotter.store.SnapshotFile;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The directories of snapshots under {@code <root>/s}. Names are short, because the options of a
 * mount must fit into one page:
 *
 * <pre>
 *   s/ID/fs            the layer: upperdir of an active snapshot, lowerdir of its children
 *   s/ID/work          workdir of an active snapshot
 *   s/ID/snapshot      a copy of the metadata (SnapshotFile)
 *   s/ID/index.erofs   the tree of an index snapshot, unless FUSE serves it
 *   s/ID/m             where it is mounted
 *   s/ID/image-*       of an attached snapshot (ImageFiles)
 * </pre>
 *
 * Safe for use by several threads.
 */
public final class SnapshotDirectories {

  private static final Logger LOG = LoggerFactory.getLogger(SnapshotDirectories.class);

  private static final Set<PosixFilePermission> ROOT_OF_LAYER =
      PosixFilePermissions.fromString("rwxr-xr-x");
  private static final Set<PosixFilePermission> WORK = PosixFilePermissions.fromString("rwx--x--x");

  private final Path base;

  /** Directories that exist before their metadata does. */
  private final Set<Long> beingMade = ConcurrentHashMap.newKeySet();

  /** Uses {@code <root>/s}, and makes it if it is not there. */
  public SnapshotDirectories(Path root) throws IOException {
    this.base = Files.createDirectories(root.resolve("s"));
  }

  /** The directory that holds all of a snapshot. */
  Path directory(long id) {
    return base.resolve(Long.toString(id));
  }

  /** The layer of an ordinary snapshot. */
  Path layer(long id) {
    return directory(id).resolve("fs");
  }

  /** What overlayfs works in. */
  Path work(long id) {
    return directory(id).resolve("work");
  }

  /** The copy of the metadata. */
  Path metadata(long id) {
    return directory(id).resolve("snapshot");
  }

  /** The EROFS image of an index snapshot. */
  Path image(long id) {
    return directory(id).resolve("index.erofs");
  }

  /** What an attached snapshot has of its whole image. */
  ImageFiles imageFiles(long id) {
    Path directory = directory(id);
    return new ImageFiles(
        directory.resolve("image-index"),
        directory.resolve("image-recipe"),
        directory.resolve("image-layers"));
  }

  /** The EROFS image of an index snapshot while it is written. */
  Path unfinishedImage(long id) {
    return directory(id).resolve("index.new");
  }

  /** The index of an attached snapshot's own layers while it is written. */
  Path unfinishedIndex(long id) {
    return directory(id).resolve("index-new");
  }

  /**
   * Whether there is a place for the tree of an index snapshot, whatever state the mount on it is
   * in.
   */
  boolean hasTree(long id) {
    // of a FUSE mount whose process is gone one can't even learn that it exists
    return !Files.notExists(tree(id));
  }

  /** Where the tree of an index snapshot is mounted. */
  Path tree(long id) {
    return directory(id).resolve("m");
  }

  /**
   * Makes the directories of a new snapshot, owned by whoever owns the root of its parent. {@link
   * #made} has to follow.
   *
   * @param parentRoot the root directory of the parent's tree, or the base directory for none
   */
  void make(long id, boolean writable, Path parentRoot) throws IOException {
    beingMade.add(id);
    Files.createDirectory(directory(id));
    Path layer = Files.createDirectory(layer(id));
    // permissions on creation are subject to the umask
    Files.setPosixFilePermissions(layer, ROOT_OF_LAYER);
    if (writable) {
      Files.setPosixFilePermissions(Files.createDirectory(work(id)), WORK);
    }
    if (!parentRoot.equals(base)) {
      for (String owner : List.of("unix:uid", "unix:gid")) {
        Files.setAttribute(
            layer,
            owner,
            Files.getAttribute(parentRoot, owner, LinkOption.NOFOLLOW_LINKS),
            LinkOption.NOFOLLOW_LINKS);
      }
    }
  }

  /** Only needed if the database is lost; the next start makes up for a copy that is missing. */
  void copyMetadata(Snapshot snapshot) {
    try {
      SnapshotFile.write(metadata(snapshot.id()), snapshot);
    } catch (IOException e) {
      LOG.warn("event=metadata-not-copied snapshot={} cause=\"{}\"", snapshot.name(), e.toString());
    }
  }

  /** The root that {@link #make} takes for a snapshot without parent. */
  Path noParent() {
    return base;
  }

  /** The metadata of a new snapshot is stored, or it was given up. */
  void made(long id) {
    beingMade.remove(id);
  }

  /** The directories that belong to no snapshot. */
  List<Path> orphans(StoredIds stored) throws IOException {
    List<Path> candidates = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(base)) {
      for (Path directory : all) {
        // asked before the store is read: what left this set by then is in the store
        if (id(directory) < 0 || !beingMade.contains(id(directory))) {
          candidates.add(directory);
        }
      }
    }
    LongPredicate known = stored.read();
    candidates.removeIf(directory -> id(directory) >= 0 && known.test(id(directory)));
    return candidates;
  }

  /** The numbers of all directories. */
  List<Long> ids() throws IOException {
    List<Long> ids = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(base)) {
      for (Path directory : all) {
        if (id(directory) >= 0) {
          ids.add(id(directory));
        }
      }
    }
    return ids;
  }

  /** The number of a snapshot's directory; -1 if it is not called by a number. */
  static long id(Path directory) {
    String name = directory.getFileName().toString();
    boolean number =
        !name.isEmpty() && name.length() < 19 && name.chars().allMatch(Character::isDigit);
    return number ? Long.parseLong(name) : -1;
  }

  /** Deletes a directory and everything in it; follows no link. Nothing happens if it is gone. */
  public static void delete(Path directory) throws IOException {
    try {
      Files.walkFileTree(
          directory,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Files.delete(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure)
                throws IOException {
              if (failure != null) {
                throw failure;
              }
              Files.delete(visited);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (NoSuchFileException e) {
      // the goal is reached
      if (Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
        throw e;
      }
    }
  }

  /** Reads the ids that the store holds at the moment of the call. */
  @FunctionalInterface
  interface StoredIds {
    LongPredicate read() throws IOException;
  }
}
