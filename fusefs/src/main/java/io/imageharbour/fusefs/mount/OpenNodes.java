package io.imageharbour.fusefs.mount;

import io.imageharbour.fusefs.cas.Cas;
import io.imageharbour.fusefs.fetch.FetchPath;
import io.imageharbour.fusefs.linux.OpenFile;
import io.imageharbour.fusefs.table.RowAttributes;
import io.imageharbour.fusefs.table.StoredChunk;
import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/**
 * Which files are open, how often and how, and which big files are partly here. Safe for use by
 * several threads.
 */
final class OpenNodes {

  private static final int STRIPES = 64;

  private final Cas cas;
  private final FetchPath fetchPath;
  private final BackingFiles backingFiles;

  /** Changed only under the lock of the row. */
  private final ConcurrentMap<Long, OpenNode> open = new ConcurrentHashMap<>();

  /** Big files that are not whole, open or not. Changed only under the lock of the row. */
  private final ConcurrentMap<Long, GrowingFile> growing = new ConcurrentHashMap<>();

  /** The files whose unverified pages the kernel may have. */
  private final ConcurrentMap<Long, GrowingFile> unverified = new ConcurrentHashMap<>();

  private final Object[] locks = new Object[STRIPES];

  OpenNodes(Cas cas, FetchPath fetchPath, BackingFiles backingFiles) {
    this.cas = cas;
    this.fetchPath = fetchPath;
    this.backingFiles = backingFiles;
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
   * for a file that is partly here: {@link #openGrowing} is for those that can be trusted as they
   * are.
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
      if (node == null) {
        dropGrowing(row.row());
        node = new OpenNode(row.row(), whole, backingFiles.register(file.get()));
        open.put(row.row(), node);
      } else {
        // it came into the CAS in another way while it was open; the kernel goes on asking us
        OpenContent before = node.content();
        node.replaceContent(whole);
        growing.remove(row.row());
        before.close();
        node.retain();
      }
      return Optional.of(node);
    }
  }

  /** Opens a file that is partly here, or not at all, and is cut like this. */
  OpenNode openGrowing(RowAttributes row, List<StoredChunk> chunks) throws IOException {
    synchronized (lock(row.row())) {
      @Nullable OpenNode node = open.get(row.row());
      if (node == null) {
        node =
            new OpenNode(row.row(), growing(row.row(), row.digest(), chunks), OpenNode.NO_BACKING);
        open.put(row.row(), node);
      } else {
        node.retain();
      }
      return node;
    }
  }

  /**
   * Whether the pages that the kernel may have of an open file are those of its content. They are
   * not if they came from an unverified file that was cut in another way and could have been
   * forged.
   */
  boolean canKeepPages(OpenNode node) {
    if (node.content() instanceof GrowingFile file && !file.isAdopted()) {
      @Nullable GrowingFile before = unverified.put(node.row(), file);
      return before == null || before == file;
    }
    return !unverified.containsKey(node.row());
  }

  /** The file that is cut like this, as far as it is here. */
  GrowingFile growing(long row, Digest digest, List<StoredChunk> chunks) throws IOException {
    synchronized (lock(row)) {
      @Nullable GrowingFile before = growing.get(row);
      if (before != null && !before.isWrong() && before.chunks().equals(chunks)) {
        return before;
      }
      if (before != null && !isOpen(row, before)) {
        before.close();
      }
      GrowingFile file =
          new GrowingFile(cas, fetchPath, digest, chunks, adopted -> adopted(row, adopted));
      growing.put(row, file);
      return file;
    }
  }

  /** Closes everything that is still open; nobody may ask for a file any more. */
  void close() throws IOException {
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
      // what is here of a big file stays for the next one who opens it
      if (!(content instanceof GrowingFile file && growing.get(row) == file && isOfUse(file))) {
        if (growing.get(row) == content) {
          growing.remove(row);
        }
        content.close();
      }
    }
  }

  /**
   * A big file has become whole: its pages are right, and who opens it next opens it in the CAS.
   */
  private void adopted(long row, GrowingFile file) throws IOException {
    synchronized (lock(row)) {
      unverified.remove(row, file);
      if (!isOpen(row, file) && growing.remove(row, file)) {
        file.close();
      }
    }
  }

  private static boolean isVerified(OpenContent content) {
    return !(content instanceof GrowingFile file) || file.isAdopted();
  }

  private static boolean isOfUse(GrowingFile file) {
    return !file.isAdopted() && !file.isWrong();
  }

  private boolean isOpen(long row, GrowingFile file) {
    @Nullable OpenNode node = open.get(row);
    return node != null && node.content() == file;
  }

  private void dropGrowing(long row) throws IOException {
    @Nullable GrowingFile file = growing.remove(row);
    if (file != null) {
      file.close();
    }
  }

  private Object lock(long row) {
    return locks[(int) (row & (STRIPES - 1))];
  }
}
