package io.imageharbour.fusefs.mount;

import io.imageharbour.fusefs.ContentNames;
import io.imageharbour.fusefs.cas.Cas;
import io.imageharbour.fusefs.fetch.FetchPath;
import io.imageharbour.fusefs.table.ContentTable;
import io.imageharbour.fusefs.table.RowAttributes;
import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.LoggerFactory;

/**
 * Contents as open files, from the CAS where it holds them, else fetched as they are read; by
 * whatever file system they are served. Counts what is opened and read, and logs what fails. Safe
 * for use by several threads.
 */
public final class ContentFiles implements AutoCloseable {

  final OpenNodes nodes;
  final FileOpener opener;
  final LongAdder opens = new LongAdder();
  final LongAdder openHits = new LongAdder();
  final LongAdder reads = new LongAdder();
  final LongAdder failedReads = new LongAdder();

  private final ContentTable table;
  private final FailureLog failures;

  /** Contents that are read through this process. */
  public ContentFiles(ContentTable table, Cas cas, FetchPath fetchPath, ContentNames names) {
    this(table, cas, fetchPath, names, BackingFiles.none());
  }

  /** Contents that the kernel may read by itself from {@code backingFiles}. */
  ContentFiles(
      ContentTable table,
      Cas cas,
      FetchPath fetchPath,
      ContentNames names,
      BackingFiles backingFiles) {
    this.table = table;
    nodes = new OpenNodes(table, cas, fetchPath, backingFiles);
    opener = new FileOpener(table, cas, fetchPath, nodes);
    failures = new FailureLog(names, LoggerFactory.getLogger(ContentFiles.class), System::nanoTime);
  }

  /**
   * Opens a content; waits for its bytes if it is one chunk that is not here.
   *
   * @param image that has it, by its name
   * @throws IOException if the image has no such content, or nobody can bring it
   */
  public OpenedContent open(String image, Digest digest) throws IOException, InterruptedException {
    opens.increment();
    OptionalLong number = table.imageNumber(image);
    Optional<RowAttributes> found =
        number.isPresent() ? table.find(number.getAsLong(), digest) : Optional.empty();
    RowAttributes row = found.orElseThrow(() -> new UnknownContentException(image, digest));
    Optional<OpenNode> whole = nodes.openWhole(row);
    if (whole.isPresent()) {
      openHits.increment();
      return new OpenedContent(this, whole.get());
    }
    return new OpenedContent(this, opener.open(row));
  }

  /**
   * Counts and logs that a read, or an open, got an error.
   *
   * @param event such as {@code read-failed}
   * @param digest of the content, if it is known
   */
  public void failed(String event, Optional<Digest> digest, Throwable cause) {
    failedReads.increment();
    log(event, digest, cause);
  }

  void log(String event, Optional<Digest> digest, Throwable cause) {
    failures.failed(
        event, digest, cause.getMessage() == null ? cause.toString() : cause.getMessage());
  }

  /** Files opened. */
  public long opens() {
    return opens.sum();
  }

  /** Files opened that were in the CAS already. */
  public long openHits() {
    return openHits.sum();
  }

  /** Requests to read. */
  public long reads() {
    return reads.sum();
  }

  /** Opens and reads that got an error. */
  public long failedReads() {
    return failedReads.sum();
  }

  /** Drops what is here of big files that no image needs any more. */
  public void dropUnneeded() throws IOException {
    nodes.dropUnneeded();
  }

  /** Closes all files and drops what is here of big ones; nobody may open or read any more. */
  @Override
  public void close() throws IOException {
    try (failures) {
      nodes.close();
    }
  }
}
