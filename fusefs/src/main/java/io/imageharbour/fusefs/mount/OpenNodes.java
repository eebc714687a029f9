package io.imageharbour.fusefs.mount;

import io.imageharbour.fusefs.cas.Cas;
import io.imageharbour.fusefs.fetch.FetchPath;
import io.imageharbour.fusefs.linux.OpenFile;
import io.imageharbour.fusefs.table.ContentTable;
import io.imageharbour.fusefs.table.RowAttributes;
import io.imageharbour.fusefs.table.StoredChunk;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which files are open, how often and how, and which big files are partly here. Safe for use by
 * several threads.
 */
final class OpenNodes {

  private static final Logger log = LoggerFactory.getLogger(OpenNodes.class);

  private static final int STRIPES = 64;

  /** So many files are verified at once. */
  private static final int ADOPTIONS = 4;

  private static final long CLOSE_SECONDS = 5;

  private final ContentTable table;
  private final Cas cas;
  private final FetchPath fetchPath;
  private final BackingFiles backingFiles;

  /** Changed only under the lock of the row. */
  private final ConcurrentMap<Long, OpenNode> open = new ConcurrentHashMap<>();

  /** Big files that are not whole, open or not, used by this map. Changed under the same lock. */
  private final ConcurrentMap<Long, GrowingFile> growing = new ConcurrentHashMap<>();

  /**
   * Rows whose chunks do not make up their digest, or not with these sizes: that never changes, so
   * their files are not opened any more.
   */
  private final Set<Long> wrong = ConcurrentHashMap.newKeySet();

  /** Verify big files that are whole. */
  private final ThreadPoolExecutor adoptions =
      new ThreadPoolExecutor(
          ADOPTIONS,
          ADOPTIONS,
          1,
          TimeUnit.MINUTES,
          new LinkedBlockingQueue<>(), // bounded by the big files that are partly here
          Thread.ofPlatform().daemon().name("adopt-", 0).factory());

  private final Object[] locks = new Object[STRIPES];

  OpenNodes(ContentTable table, Cas cas, FetchPath fetchPath, BackingFiles backingFiles) {
    this.table = table;
    this.cas = cas;
    this.fetchPath = fetchPath;
    this.backingFiles = backingFiles;
    adoptions.allowCoreThreadTimeOut(true);
    for (int i = 0; i < STRIPES; i++) {
      locks[i] = new Object();
    }
  }

  /** The node of a row that somebody has open. */
  @Nullable OpenNode get(long row) {
    return open.get(row);
  }

  /**
   * Opens a file once more that is open already, or one that the CAS holds; empty if neither. Not
   * for a file that is partly here.
   */
  Optional<OpenNode> openWhole(RowAttributes row) throws IOException {
    synchronized (lock(row.row())) {
      @Nullable OpenNode node = open.get(row.row());
      if (node != null && isVerified(node.content())) {
        node.retain();
        return Optional.of(node);
      }
      Optional<OpenFile> file = cas.open(row.digest(), row.size());
      if (file.isEmpty()) {
        return Optional.empty();
      }
      WholeFile whole = new WholeFile(file.get(), row.size());
      dropGrowing(row.row());
      if (node == null) {
        node = new OpenNode(row.row(), whole, backingFiles.register(file.get()));
        open.put(row.row(), node);
      } else {
        // it came into the CAS in another way while it was open; the kernel goes on asking us
        OpenContent before = node.content();
        node.replaceContent(whole);
        before.close();
        node.retain();
      }
      return Optional.of(node);
    }
  }

  /**
   * Opens a file of several chunks, which is fetched as it is read where the CAS does not hold it.
   *
   * @param layouts where its chunks lie
   * @throws WrongContentException if it turned out before that they do not make up the whole
   */
  OpenNode openWholeOrGrowing(RowAttributes row, List<List<StoredChunk>> layouts)
      throws IOException {
    synchronized (lock(row.row())) {
      Optional<OpenNode> whole = openWhole(row);
      if (whole.isPresent()) {
        return whole.get();
      }
      if (isWrong(row.row())) {
        throw new WrongContentException(row.digest());
      }
      @Nullable OpenNode node = open.get(row.row());
      if (node == null) {
        node = new OpenNode(row.row(), growing(row, layouts), OpenNode.NO_BACKING);
        open.put(row.row(), node);
      } else {
        if (node.content() instanceof GrowingFile file) {
          file.setLayouts(layouts);
        }
        node.retain();
      }
      return node;
    }
  }

  /** The file as far as it is here. The caller becomes a user of it and has to close it. */
  private GrowingFile growing(RowAttributes row, List<List<StoredChunk>> layouts)
      throws IOException {
    @Nullable GrowingFile before = growing.get(row.row());
    if (before != null) {
      before.setLayouts(layouts);
      return before.retain();
    }
    GrowingFile file =
        new GrowingFile(
            cas, fetchPath, row.digest(), layouts, adoptions, made -> verified(row.row(), made));
    growing.put(row.row(), file);
    return file.retain();
  }

  /**
   * Closes everything that is still open; nobody may ask for a file any more. Files that are being
   * verified may come into the CAS first, if that does not take long.
   */
  void close() throws IOException {
    adoptions.shutdown();
    try {
      if (!adoptions.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
        adoptions.shutdownNow();
        if (!adoptions.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
          log.warn("event=verifications-do-not-end");
        }
      }
    } catch (InterruptedException e) {
      adoptions.shutdownNow();
      Thread.currentThread().interrupt();
    }
    for (long row : open.keySet()) {
      synchronized (lock(row)) {
        @Nullable OpenNode node = open.remove(row);
        if (node != null) {
          node.content().close();
        }
      }
    }
    for (long row : growing.keySet()) {
      synchronized (lock(row)) {
        dropGrowing(row);
      }
    }
  }

  /** Somebody closed the file. */
  void release(long row) throws IOException {
    synchronized (lock(row)) {
      @Nullable OpenNode node = open.get(row);
      if (node == null || !node.release()) {
        return;
      }
      open.remove(row);
      if (node.backing() != OpenNode.NO_BACKING) {
        backingFiles.unregister(node.backing());
      }
      OpenContent content = node.content();
      try {
        // what is here of a big file stays for the next one who opens it
        if (growing.get(row) == content && (isWrong(row) || !isNeeded(row))) {
          dropGrowing(row);
        }
      } finally {
        content.close();
      }
    }
  }

  /** Drops what is here of big files that no image needs any more and nobody has open. */
  void dropUnneeded() throws IOException {
    for (long row : growing.keySet()) {
      synchronized (lock(row)) {
        if (!open.containsKey(row) && !isNeeded(row)) {
          dropGrowing(row);
        }
      }
    }
    for (long row : wrong) {
      if (!isNeeded(row)) {
        wrong.remove(row);
      }
    }
  }

  private boolean isNeeded(long row) throws IOException {
    return table.layouts(row).isPresent();
  }

  /**
   * A big file has become whole. If it came into the CAS, who opens it next opens it there; if not,
   * it is of use to nobody.
   */
  private void verified(long row, GrowingFile file) throws IOException {
    synchronized (lock(row)) {
      if (growing.get(row) == file) {
        dropGrowing(row);
      }
    }
  }

  private boolean isWrong(long row) {
    @Nullable GrowingFile file = growing.get(row);
    return wrong.contains(row) || file != null && file.isWrong();
  }

  private static boolean isVerified(OpenContent content) {
    return !(content instanceof GrowingFile file) || file.isAdopted();
  }

  private void dropGrowing(long row) throws IOException {
    @Nullable GrowingFile file = growing.remove(row);
    if (file != null) {
      if (file.isWrong()) {
        wrong.add(row);
      }
      file.close();
    }
  }

  private Object lock(long row) {
    return locks[(int) (row & (STRIPES - 1))];
  }
}
