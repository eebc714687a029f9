package io.imageharbour.fusefs;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import io.imageharbour.fusefs.cas.Cas;
import io.imageharbour.fusefs.cas.RunMarker;
import io.imageharbour.fusefs.cas.RunMarker.LastEnd;
import io.imageharbour.fusefs.fetch.FetchPath;
import io.imageharbour.fusefs.kernel.FuseConnection;
import io.imageharbour.fusefs.kernel.FuseSession;
import io.imageharbour.fusefs.linux.Mounts;
import io.imageharbour.fusefs.linux.StaleMounts;
import io.imageharbour.fusefs.mount.ContentFiles;
import io.imageharbour.fusefs.mount.ContentMount;
import io.imageharbour.fusefs.table.ContentTable;
import io.imageharbour.fusefs.tree.FuseTree;
import io.imageharbour.indexer.ImageIndex;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a node holds: the contents of files by digest, in a directory ({@link #casDirectory}) and,
 * for those that are not there yet, in a directory for each image of a FUSE mount ({@link
 * #contentDirectory}), which fetches them from the sources when they are first read. Both have the
 * same names: {@code ab/cdef…}, the SHA-256 in hexadecimal digits after a directory of its first
 * two. Where there is no content mount, contents are read through the trees of images ({@link
 * #mountTree}), which fetch them in the same way. Safe for use by several threads.
 *
 * <p>A process that opens files through a mount of its own can't die while it waits for them, not
 * even by SIGKILL: the kernel waits for an answer that only the dying process could give. Leave
 * that to other processes.
 */
public final class ContentStore implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(ContentStore.class);

  private static final String SUBTYPE = "harbour";

  /** So long closing waits for the last requests after the unmount. */
  private static final Duration UNMOUNT_WAIT = Duration.ofMillis(500);

  private final Path contentMount;
  private final int maxWaiting;
  private final ContentTable table;
  private final Cas cas;
  private final FetchPath fetchPath;
  private final ContentFiles files;
  private final Optional<ContentMount> mount;
  private final RunMarker marker;
  private final FileChannel lock;

  /** What has to be closed, last opened first. */
  private final Deque<Closing> closings;

  @FunctionalInterface
  private interface Closing {
    void run() throws IOException;
  }

  private ContentStore(
      ContentStoreConfig config,
      List<ContentSource> sources,
      ContentNames names,
      FileChannel lock,
      Deque<Closing> closings)
      throws IOException {
    this.lock = lock;
    this.closings = closings;
    Path root = config.root().toAbsolutePath().normalize();
    Path db = root.resolve("db");
    contentMount = root.resolve("c");
    maxWaiting = config.maxWaiting();
    StaleMounts.remove(contentMount);

    Path inUse = db.resolve("contents.running");
    marker = RunMarker.at(inUse);
    LastEnd lastEnd = marker.lastEnd();
    Path tableDirectory = db.resolve("contents");
    if (lastEnd == LastEnd.MACHINE_CRASHED) {
      log.warn("event=machine-crashed action=\"verify new files, rebuild the content table\"");
      ContentTable.delete(tableDirectory);
    }
    cas = Cas.open(root, config.syncInterval(), lastEnd);
    closings.push(cas::close);
    marker.set();
    table = ContentTable.open(tableDirectory);
    closings.push(table::close);
    fetchPath = new FetchPath(sources, table, cas, config.maxFetches(), config.fetchTimeout());
    closings.push(fetchPath::close);

    if (config.contentMount()) {
      mount = Optional.of(mountContents(config, names, inUse));
      files = mount.get().files();
    } else {
      mount = Optional.empty();
      files = new ContentFiles(table, cas, fetchPath, names);
      closings.push(files::close);
      table.purgeForgotten();
    }
    log.info(
        "event=content-store-opened root={} last-end={} images={} content-mount={} passthrough={}",
        root,
        lastEnd,
        table.images().size(),
        mount.isPresent(),
        hasPassthrough());
  }

  private ContentMount mountContents(ContentStoreConfig config, ContentNames names, Path probe)
      throws IOException {
    Files.createDirectories(contentMount);
    FuseConnection connection = FuseConnection.mount(contentMount, SUBTYPE, config.passthrough());
    ContentMount made =
        new ContentMount(table, cas, fetchPath, connection, names, config.maxWaiting());
    FuseSession session = FuseSession.start(connection, config.readers(), made);
    closings.push(made::close);
    closings.push(() -> end(session));
    // a new mount: the kernel knows no row yet
    table.purgeForgotten();
    made.probePassthrough(probe);
    return made;
  }

  /**
   * Opens the store below {@code config.root()}, which is made if needed; a content mount that an
   * earlier process left is taken away and a new one made.
   *
   * @param sources where contents come from, asked in order
   * @param names describes digests in logs of failures
   * @throws IOException if the directory can't be used, another process uses it, or the kernel
   *     refuses the mount
   */
  public static ContentStore open(
      ContentStoreConfig config, List<ContentSource> sources, ContentNames names)
      throws IOException {
    FileChannel lock = lock(config.root());
    Deque<Closing> closings = new ArrayDeque<>();
    try {
      return new ContentStore(config, sources, names, lock, closings);
    } catch (IOException e) {
      try (lock) {
        closeAll(closings);
      } catch (IOException closing) {
        e.addSuppressed(closing);
      }
      throw e;
    }
  }

  /**
   * The images that the store knows. After a damaged or outdated table was thrown away (it can be
   * rebuilt), or the machine crashed, some are missing, and the caller adds them again.
   */
  public Set<String> images() {
    return table.images();
  }

  /**
   * Makes every content of an image known: after it, all of them can be opened through the content
   * mount. Adding an image again replaces what was known of it.
   *
   * @param image a name that the caller chooses, the same for {@link #remove}; one that a file can
   *     have, where there is a content mount
   * @param origins the repositories ({@code host/name}) to ask for the image's packs, best first
   * @throws IOException if the index contradicts itself, or the table can't be written. It may
   *     contradict the indexes of other images: each gets what its own describes
   */
  public void add(String image, ImageIndex index, List<String> origins) throws IOException {
    table.add(image, index, origins);
    files.dropUnneeded();
  }

  /** Forgets an image, and every content that no other image needs. Unknown names are fine. */
  public void remove(String image) throws IOException {
    table.remove(image);
    files.dropUnneeded();
  }

  /** The directory of whole files; a data-only lower layer of an overlay. */
  public Path casDirectory() {
    return cas.directory();
  }

  /**
   * The directory of an image in the FUSE mount, if there is such a mount; the data-only lower
   * layer below {@link #casDirectory}. It holds the contents as this image's index describes them:
   * what other images say of them, it never shows. It is there while the image is known.
   */
  public Optional<Path> contentDirectory(String image) {
    return mount.map(made -> contentMount.resolve(image));
  }

  /**
   * Mounts the whole tree of an image; in a store without a content mount, which needs nothing of
   * the sort. Its files can be opened as soon as the image was {@linkplain #add added}. To be
   * closed before the store is.
   *
   * @param image the name by which it is added
   * @param target an empty directory
   * @throws TreeMountException if the machine lacks what that takes, or refuses
   */
  public TreeMount mountTree(String image, ImageIndex index, Path target, TreeMountOptions options)
      throws IOException {
    return FuseTree.mount(target, image, index, options, files, maxWaiting);
  }

  /** Computes the digest of every file in the CAS and removes the wrong ones; takes a while. */
  public ScrubReport verify() throws IOException {
    return cas.verify();
  }

  /** What the store has done since it was opened. */
  public ContentStats stats() {
    return new ContentStats(
        files.opens(),
        files.openHits(),
        files.reads(),
        cas.ingestedFiles(),
        cas.ingestedBytes(),
        files.failedReads(),
        fetchPath.wrongDigests(),
        hasPassthrough(),
        fetchPath.sourceStats());
  }

  private boolean hasPassthrough() {
    return mount.filter(ContentMount::hasPassthrough).isPresent();
  }

  /** Unmounts the content mount, ends what is being fetched and makes everything durable. */
  @Override
  public void close() throws IOException {
    try (lock) {
      if (lock.isOpen()) {
        closeAll(closings);
        marker.clear();
      }
    }
  }

  /** Keeps two processes from using the same directory; ends with the process, however it ends. */
  private static FileChannel lock(Path root) throws IOException {
    Path db = root.resolve("db");
    Files.createDirectories(db);
    FileChannel channel = FileChannel.open(db.resolve("contents.lock"), CREATE, WRITE);
    try {
      if (channel.tryLock() != null) {
        return channel;
      }
    } catch (OverlappingFileLockException e) {
      log.debug("event=content-store-locked by=\"this process\"");
    } catch (IOException e) {
      channel.close();
      throw e;
    }
    channel.close();
    throw new ContentStoreInUseException(root);
  }

  private void end(FuseSession session) throws IOException {
    Mounts.unmountLazily(contentMount);
    try {
      if (session.awaitEnd(UNMOUNT_WAIT)) {
        session.close();
      } else {
        log.warn("event=content-mount-in-use action=\"it ends with this process\"");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Closes what was opened, the last first; goes on after a failure, and reports the first. */
  private static void closeAll(Deque<Closing> closings) throws IOException {
    @Nullable IOException failure = null;
    while (!closings.isEmpty()) {
      try {
        closings.pop().run();
      } catch (IOException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
