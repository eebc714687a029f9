package io.imageharbour.fusefs.mount;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.imageharbour.fusefs.ContentNames;
import io.imageharbour.fusefs.cas.Cas;
import io.imageharbour.fusefs.fetch.FetchPath;
import io.imageharbour.fusefs.kernel.FuseConnection;
import io.imageharbour.fusefs.kernel.FuseReply;
import io.imageharbour.fusefs.kernel.FuseRequest;
import io.imageharbour.fusefs.kernel.NodeAttributes;
import io.imageharbour.fusefs.kernel.RequestHandler;
import io.imageharbour.fusefs.linux.Errno;
import io.imageharbour.fusefs.linux.OpenFile;
import io.imageharbour.fusefs.table.ContentTable;
import io.imageharbour.fusefs.table.RowAttributes;
import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The file system of the content mount: {@code /IMAGE/ab/cdef…}, every content that an image needs,
 * as its index describes it, whether the CAS holds it or not. Looking at files fetches nothing;
 * opening or reading them does. What has to wait for bytes waits on another thread than the one
 * that read the request.
 */
public final class ContentMount implements RequestHandler, AutoCloseable {

  private static final long NO_HANDLE = 0;

  private final ContentTable table;
  private final Cas cas;
  private final BackingFiles backingFiles;
  private final ContentFiles files;
  private final OpenNodes nodes;
  private final WaitingRequests waiting;
  private final ReadBuffers buffers;

  /** How each open big file is read. */
  private final ConcurrentMap<Long, SequentialReader> readers = new ConcurrentHashMap<>();

  private final AtomicLong nextHandle = new AtomicLong(NO_HANDLE + 1);

  /**
   * A file system that is not served yet.
   *
   * @param maxWaiting requests that may wait for bytes at once
   */
  public ContentMount(
      ContentTable table,
      Cas cas,
      FetchPath fetchPath,
      FuseConnection connection,
      ContentNames names,
      int maxWaiting) {
    this.table = table;
    this.cas = cas;
    backingFiles = BackingFiles.of(connection);
    files = new ContentFiles(table, cas, fetchPath, names, backingFiles);
    nodes = files.nodes;
    waiting = new WaitingRequests(maxWaiting);
    buffers = new ReadBuffers(16);
  }

  /** The contents that it serves. */
  public ContentFiles files() {
    return files;
  }

  /** Whether the kernel reads CAS files by itself. */
  public boolean hasPassthrough() {
    return backingFiles.works();
  }

  /** Closes all files and drops what is here of big ones, after the end of the mount. */
  @Override
  public void close() throws IOException {
    waiting.close();
    files.close();
  }

  /** Tries passthrough with a file on the file system of the CAS; without it, reads come to us. */
  public void probePassthrough(Path file) throws IOException {
    try (OpenFile opened = OpenFile.open(file, OpenFile.O_RDONLY)) {
      int backing = backingFiles.register(opened);
      if (backing != OpenNode.NO_BACKING) {
        backingFiles.unregister(backing);
      }
    }
  }

  @Override
  public void handle(FuseRequest request, FuseReply reply) {
    try {
      switch (request) {
        case FuseRequest.Lookup lookup -> lookup(lookup, reply);
        case FuseRequest.GetAttributes get -> attributes(get.node(), reply);
        case FuseRequest.Open open -> open(open.node(), reply);
        case FuseRequest.Read read -> read(read, reply);
        case FuseRequest.Release release -> release(release, reply);
        case FuseRequest.OpenDirectory open -> {
          if (NodeNumbers.isDirectory(open.node())) {
            reply.openedDirectory();
          } else {
            reply.error(Errno.ENOTDIR);
          }
        }
        case FuseRequest.ReadDirectory read ->
            reply.emptyListing(read.node(), read.offset(), read.size());
        case FuseRequest.ReleaseDirectory release -> reply.done();
        case FuseRequest.Statistics statistics -> statistics(reply);
        case FuseRequest.Interrupt interrupt -> {
          // asks the kernel to say it again if the request is still on its way to a thread
          if (!waiting.interrupt(interrupt.request())) {
            reply.error(Errno.EAGAIN);
          }
        }
        case FuseRequest.Destroy destroy -> reply.done();
        case FuseRequest.Forget forget -> {
          // node numbers are computed, so there is nothing to forget
        }
        case FuseRequest.Unsupported unsupported -> reply.error(Errno.ENOSYS);
      }
    } catch (IOException e) {
      failRequest(request, reply, e);
    }
  }

  /**
   * Names of images are asked for each time, because another image may get the name of one that is
   * gone. What lies below is always the same: overlayfs asks for the name of a file whenever a path
   * leads to it, and would have to wait for us.
   */
  private void lookup(FuseRequest.Lookup lookup, FuseReply reply) throws IOException {
    long parent = lookup.parent();
    if (parent == NodeNumbers.ROOT) {
      OptionalLong image = table.imageNumber(text(lookup.name()));
      if (image.isPresent()) {
        long node = NodeNumbers.imageDirectory(image.getAsLong());
        reply.entry(NodeAttributes.directory(node), false);
        return;
      }
    } else if (!NodeNumbers.isDirectory(parent)) {
      reply.error(Errno.ENOTDIR);
      return;
    } else if (NodeNumbers.isImageDirectory(parent)) {
      Optional<Long> directory = NodeNumbers.directory(NodeNumbers.image(parent), lookup.name());
      if (directory.isPresent()) {
        reply.entry(NodeAttributes.directory(directory.get()), true);
        return;
      }
    } else {
      Optional<Digest> digest = NodeNumbers.digest(parent, lookup.name());
      if (digest.isPresent()) {
        Optional<RowAttributes> row = table.find(NodeNumbers.image(parent), digest.get());
        if (row.isPresent()) {
          long node = NodeNumbers.file(row.get().row());
          reply.entry(NodeAttributes.file(node, row.get().size()), true);
          return;
        }
      }
    }
    // an error is not cached by the kernel, so an image that is added later is seen
    reply.error(Errno.ENOENT);
  }

  private static String text(MemorySegment name) {
    return new String(name.toArray(ValueLayout.JAVA_BYTE), UTF_8);
  }

  private void attributes(long node, FuseReply reply) throws IOException {
    if (NodeNumbers.isDirectory(node)) {
      reply.attributes(NodeAttributes.directory(node));
      return;
    }
    Optional<RowAttributes> row = table.attributes(NodeNumbers.row(node));
    if (row.isPresent()) {
      reply.attributes(NodeAttributes.file(node, row.get().size()));
    } else {
      reply.error(Errno.ESTALE);
    }
  }

  private void open(long node, FuseReply reply) throws IOException {
    Optional<RowAttributes> row =
        NodeNumbers.isFile(node) ? table.attributes(NodeNumbers.row(node)) : Optional.empty();
    if (row.isEmpty()) {
      reply.error(NodeNumbers.isDirectory(node) ? Errno.EISDIR : Errno.ESTALE);
      return;
    }
    files.opens.increment();
    Optional<OpenNode> opened = nodes.openWhole(row.get());
    if (opened.isPresent()) {
      files.openHits.increment();
      answerOpened(opened.get(), reply);
    } else {
      waiting.start(reply, () -> openSlowly(row.get(), reply));
    }
  }

  private void openSlowly(RowAttributes row, FuseReply reply) {
    try {
      answerOpened(files.opener.open(row), reply);
    } catch (StaleNodeException e) {
      reply.error(Errno.ESTALE);
    } catch (InterruptedIOException e) {
      reply.error(Errno.EINTR);
    } catch (IOException e) {
      fail(reply, "open-failed", Optional.of(row.digest()), e);
    } catch (InterruptedException e) {
      reply.error(Errno.EINTR);
    }
  }

  private void answerOpened(OpenNode node, FuseReply reply) throws IOException {
    long handle = NO_HANDLE;
    boolean taken;
    if (node.backing() != OpenNode.NO_BACKING) {
      taken = reply.openedPassthrough(handle, node.backing());
    } else {
      if (node.content() instanceof GrowingFile) {
        handle = nextHandle.getAndIncrement();
        readers.put(handle, new SequentialReader());
      }
      taken = reply.openedCached(handle);
    }
    if (!taken) {
      readers.remove(handle);
      nodes.release(node.row());
    }
  }

  private void read(FuseRequest.Read read, FuseReply reply) throws IOException {
    files.reads.increment();
    long row = NodeNumbers.row(read.node());
    @Nullable OpenNode node = nodes.get(row);
    if (node == null) {
      // opened before this process took the mount over
      waiting.start(reply, () -> reopenAndRead(row, read, reply));
      return;
    }
    OpenContent content = node.content();
    int length = (int) Math.clamp(content.size() - read.offset(), 0, read.size());
    if (length > 0 && content instanceof GrowingFile file) {
      fetchAhead(file, read, length);
    }
    if (length == 0 || content.has(read.offset(), length)) {
      try {
        answerRead(node, read.offset(), length, reply);
      } catch (ClosedContentException e) {
        // it was open for another read only, which has ended
        waiting.start(reply, () -> reopenAndRead(row, read, reply));
      }
    } else {
      waiting.start(reply, () -> readSlowly(node, read, length, reply));
    }
  }

  private void fetchAhead(GrowingFile file, FuseRequest.Read read, int length) throws IOException {
    @Nullable SequentialReader reader = readers.get(read.handle());
    if (reader != null) {
      long end = read.offset() + length;
      long target = reader.read(read.offset(), length);
      if (target > end) {
        file.bringAhead(end - 1, target);
      }
    }
  }

  private void readSlowly(OpenNode node, FuseRequest.Read read, int length, FuseReply reply) {
    try {
      node.content().bring(read.offset(), length);
      answerRead(node, read.offset(), length, reply);
    } catch (ClosedContentException e) {
      reopenAndRead(node.row(), read, reply);
    } catch (IOException e) {
      failRead(node.row(), reply, e);
    } catch (InterruptedException e) {
      reply.error(Errno.EINTR);
    }
  }

  private void reopenAndRead(long row, FuseRequest.Read read, FuseReply reply) {
    try {
      RowAttributes attributes =
          table.attributes(row).orElseThrow(() -> new StaleNodeException(row));
      Optional<OpenNode> whole = nodes.openWhole(attributes);
      OpenNode node = whole.isPresent() ? whole.get() : files.opener.open(attributes);
      try {
        int length = (int) Math.clamp(attributes.size() - read.offset(), 0, read.size());
        if (length > 0) {
          node.content().bring(read.offset(), length);
        }
        answerRead(node, read.offset(), length, reply);
      } finally {
        // for this read only: it is not known how often the kernel has it open
        nodes.release(row);
      }
    } catch (IOException e) {
      failRead(row, reply, e);
    } catch (InterruptedException e) {
      reply.error(Errno.EINTR);
    }
  }

  private void answerRead(OpenNode node, long offset, int length, FuseReply reply)
      throws IOException {
    MemorySegment buffer = buffers.take();
    try {
      MemorySegment answer = buffer.asSlice(0, FuseConnection.DATA_OFFSET + (long) length);
      if (length > 0) {
        node.read(offset, answer.asSlice(FuseConnection.DATA_OFFSET));
      }
      reply.data(answer);
    } finally {
      buffers.giveBack(buffer);
    }
  }

  private void release(FuseRequest.Release release, FuseReply reply) throws IOException {
    readers.remove(release.handle());
    nodes.release(NodeNumbers.row(release.node()));
    reply.done();
  }

  private void statistics(FuseReply reply) throws IOException {
    FileStore store = Files.getFileStore(cas.directory());
    reply.statistics(store.getTotalSpace(), store.getUsableSpace());
  }

  private void failRequest(FuseRequest request, FuseReply reply, IOException cause) {
    switch (request) {
      case FuseRequest.Open open -> failRead(NodeNumbers.row(open.node()), reply, cause);
      case FuseRequest.Read read -> failRead(NodeNumbers.row(read.node()), reply, cause);
      default -> fail(reply, "request-failed", Optional.empty(), cause);
    }
  }

  private void failRead(long row, FuseReply reply, IOException cause) {
    answerFailure(reply);
    Optional<Digest> digest = Optional.empty();
    try {
      digest = table.attributes(row).map(RowAttributes::digest);
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
    files.log("read-failed", digest, cause);
  }

  private void fail(FuseReply reply, String event, Optional<Digest> digest, IOException cause) {
    answerFailure(reply);
    files.log(event, digest, cause);
  }

  /** The one place where failures become error numbers: whatever it is, the reader gets EIO. */
  private void answerFailure(FuseReply reply) {
    files.failedReads.increment();
    if (!reply.isAnswered()) {
      reply.error(Errno.EIO);
    }
  }
}
