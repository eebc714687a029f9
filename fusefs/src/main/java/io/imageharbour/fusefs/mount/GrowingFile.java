package io.imageharbour.fusefs.mount;

import io.imageharbour.fusefs.FrameLocation;
import io.imageharbour.fusefs.cas.Cas;
import io.imageharbour.fusefs.cas.PartialFile;
import io.imageharbour.fusefs.cas.WrongDigestException;
import io.imageharbour.fusefs.fetch.ChunkSink;
import io.imageharbour.fusefs.fetch.Errand;
import io.imageharbour.fusefs.fetch.FetchPath;
import io.imageharbour.fusefs.fetch.Following;
import io.imageharbour.fusefs.table.FrameAddress;
import io.imageharbour.fusefs.table.StoredChunk;
import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file of several chunks that is fetched as it is read, and becomes a file of the CAS when the
 * last chunk has come and the whole has passed its digest. It may have several users, and is closed
 * after the last. Safe for use by several threads.
 */
final class GrowingFile implements OpenContent {

  private static final Logger log = LoggerFactory.getLogger(GrowingFile.class);

  private final Cas cas;
  private final FetchPath fetchPath;
  private final PartialFile partial;
  private final long[] ends;
  private final Executor adoptions;
  private final VerificationListener afterVerification;

  /** A chunk may still arrive when nobody has the file open. */
  private final UseCount uses = new UseCount();

  /** Where the chunks lie; that by which a chunk came last is the first. */
  private volatile List<List<StoredChunk>> layouts;

  private final ChunkUse chunks;

  /** Guards the state. */
  private final Object adoption = new Object();

  /** Guarded by {@link #adoption}. */
  private State state = State.GROWING;

  /** Is told when it has turned out whether a file is right. */
  @FunctionalInterface
  interface VerificationListener {
    void verified(GrowingFile file) throws IOException;
  }

  /** The place of a chunk in this file. */
  private final class Place implements ChunkSink {
    private final int chunk;

    Place(int chunk) {
      this.chunk = chunk;
    }

    @Override
    public boolean isFilled() {
      return chunks.isPresent(chunk);
    }

    @Override
    public void store(ByteBuffer verified) throws IOException {
      GrowingFile.this.store(chunk, verified);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Place that && that.chunk == chunk && that.file() == file();
    }

    @Override
    public int hashCode() {
      return 31 * System.identityHashCode(file()) + chunk;
    }

    private GrowingFile file() {
      return GrowingFile.this;
    }
  }

  /** The chunks behind one that somebody waits for. */
  private final class ChunksBehind implements Following {
    private final List<StoredChunk> layout;
    private int last;

    ChunksBehind(List<StoredChunk> layout, int demanded) {
      this.layout = layout;
      last = demanded;
    }

    @Override
    public long bytes() {
      return (long) chunks.worthBringing() * layout.get(last).frame().compressedSize();
    }

    @Override
    public boolean isReadSoon() {
      return true;
    }

    @Override
    public Optional<FrameAddress> after(FrameAddress frame) {
      last++;
      return last < ends.length ? Optional.of(layout.get(last).frame()) : Optional.empty();
    }

    @Override
    public Optional<Errand> missingIn(FrameAddress frame, FrameLocation location) {
      return chunks.isPresent(last) ? Optional.empty() : Optional.of(errand(layout, last));
    }
  }

  private enum State {
    GROWING,
    VERIFYING,
    ADOPTED,
    /** Chunks had their digests, but the whole has not, or a size: who wrote the index lied. */
    WRONG
  }

  /**
   * A file of which nothing is here, with one user.
   *
   * @param layouts where its chunks lie, at least one; all cut it in the same way
   * @param adoptions verifies what is whole
   * @param afterVerification called once when the file has come into the CAS, or turned out to be
   *     wrong
   */
  GrowingFile(
      Cas cas,
      FetchPath fetchPath,
      Digest digest,
      List<List<StoredChunk>> layouts,
      Executor adoptions,
      VerificationListener afterVerification)
      throws IOException {
    this.cas = cas;
    this.adoptions = adoptions;
    this.afterVerification = afterVerification;
    this.fetchPath = fetchPath;
    this.layouts = List.copyOf(layouts);
    List<StoredChunk> layout = layouts.getFirst();
    ends = new long[layout.size()];
    long end = 0;
    for (int i = 0; i < ends.length; i++) {
      end += layout.get(i).size();
      ends[i] = end;
    }
    chunks = new ChunkUse(ends.length);
    partial = cas.begin(digest, end);
  }

  /** Another user, who has to {@link #close} it; only for somebody who knows that there is one. */
  GrowingFile retain() {
    if (!uses.begin()) {
      throw new IllegalStateException(partial + " is closed");
    }
    return this;
  }

  /** Where the chunks lie now, at least one; all cut it in the same way as before. */
  void setLayouts(List<List<StoredChunk>> now) {
    synchronized (adoption) {
      layouts = beginningWith(layouts.getFirst(), now);
    }
  }

  @Override
  public long size() {
    return partial.size();
  }

  @Override
  public boolean has(long offset, long length) {
    return chunks.arePresent(chunkAt(offset), chunkAt(offset + length - 1));
  }

  @Override
  public void bring(long offset, long length) throws IOException, InterruptedException {
    int first = chunkAt(offset);
    // the later chunks are on their way while we wait for the first
    bringAhead(first + 1, offset + length);
    long begin = System.nanoTime();
    for (int i = first; i <= chunkAt(offset + length - 1); i++) {
      // each has its time, but a forged index may cut a page into thousands
      if (!chunks.isPresent(i)) {
        fetchPath.requireTime(begin, layouts.getFirst().get(i));
        bring(i);
      }
    }
  }

  /** Begins to bring the chunks behind {@code offset} that begin before {@code end}. */
  void bringAhead(long offset, long end) throws IOException {
    bringAhead(chunkAt(offset) + 1, end);
  }

  @Override
  public void read(long offset, MemorySegment buffer) throws IOException {
    requireRight();
    chunks.read(chunkAt(offset), chunkAt(offset + buffer.byteSize() - 1));
    if (!uses.begin()) {
      throw new ClosedContentException(partial.digest().toString());
    }
    try {
      if (partial.read(offset, buffer) < buffer.byteSize()) {
        throw new TruncatedContentException(partial.digest().toString());
      }
    } finally {
      close();
    }
  }

  /** Whether the whole was found to be wrong, so that nothing of it may be used. */
  boolean isWrong() {
    synchronized (adoption) {
      return state == State.WRONG;
    }
  }

  /** Whether the file is in the CAS. */
  boolean isAdopted() {
    synchronized (adoption) {
      return state == State.ADOPTED;
    }
  }

  /** Ends a use; if the file is not in the CAS after the last, its parts are lost. */
  @Override
  public void close() throws IOException {
    if (uses.end()) {
      if (isAdopted()) {
        partial.close();
      } else {
        cas.discard(partial);
      }
    }
  }

  /** Brings a chunk by the first layout that leads to it. */
  private void bring(int chunk) throws IOException, InterruptedException {
    requireRight();
    if (chunks.isPresent(chunk)) {
      return;
    }
    chunks.waited(chunk);
    Ways.untilOneLeads(
        layouts,
        layout -> {
          fetchPath.fetch(errand(layout, chunk), new ChunksBehind(layout, chunk));
          prefer(layout);
        });
  }

  private void prefer(List<StoredChunk> layout) {
    if (layouts.getFirst() != layout) {
      synchronized (adoption) {
        layouts = beginningWith(layout, layouts);
      }
    }
  }

  /** These layouts, with this one first if it is among them. */
  private static List<List<StoredChunk>> beginningWith(
      List<StoredChunk> best, List<List<StoredChunk>> all) {
    List<List<StoredChunk>> sorted = new ArrayList<>(all);
    if (sorted.remove(best)) {
      sorted.addFirst(best);
    }
    return List.copyOf(sorted);
  }

  private void bringAhead(int firstChunk, long end) throws IOException {
    List<StoredChunk> layout = layouts.getFirst();
    for (int i = firstChunk; i < ends.length && ends[i - 1] < end; i++) {
      if (!chunks.isPresent(i)) {
        fetchPath.fetchAhead(errand(layout, i), new ChunksBehind(layout, i));
      }
    }
  }

  private Errand errand(List<StoredChunk> layout, int chunk) {
    return new Errand(layout.get(chunk), new Place(chunk));
  }

  private void store(int chunk, ByteBuffer verified) throws IOException {
    long size = ends[chunk] - (chunk == 0 ? 0 : ends[chunk - 1]);
    if (verified.remaining() != size) {
      misfit();
      return;
    }
    if (!uses.begin()) {
      return;
    }
    try {
      if (chunks.isPresent(chunk)) {
        return;
      }
      partial.write(ends[chunk] - size, verified);
      chunks.arrived(chunk);
      beginAdoption();
    } finally {
      close();
    }
  }

  /** A chunk has come that is right and does not fit into its place. */
  private void misfit() throws IOException {
    synchronized (adoption) {
      if (state != State.GROWING) {
        return;
      }
      state = State.WRONG;
    }
    afterVerification.verified(this);
  }

  /**
   * Has the whole verified and moved into the CAS, if all of it is here and nobody else has. Does
   * not wait: it may be gigabytes, and who waits for the last chunk need not wait for them.
   */
  private void beginAdoption() {
    synchronized (adoption) {
      if (state != State.GROWING || !chunks.areAllPresent() || !uses.begin()) {
        return;
      }
      state = State.VERIFYING;
    }
    try {
      adoptions.execute(this::adopt);
    } catch (RejectedExecutionException | OutOfMemoryError e) {
      endAdoption(State.GROWING, new IOException("there is no thread to verify it", e));
    }
  }

  /** Verifies the whole and moves it into the CAS. */
  private void adopt() {
    State after = State.GROWING;
    IOException failed = new IOException("its verification ended early");
    try {
      cas.adopt(partial);
      after = State.ADOPTED;
    } catch (WrongDigestException e) {
      after = State.WRONG;
      failed = e;
    } catch (IOException e) {
      failed = e;
    } finally {
      endAdoption(after, failed);
    }
  }

  private void endAdoption(State after, IOException failed) {
    // first the state: whoever closes the file must know whether it is still here to be removed
    synchronized (adoption) {
      state = after;
    }
    if (after != State.ADOPTED) {
      log.error(
          "event=file-not-adopted digest={} cause=\"{}\"", partial.digest(), failed.getMessage());
    }
    try (GrowingFile used = this) {
      if (after != State.GROWING) {
        afterVerification.verified(used);
      }
    } catch (IOException e) {
      log.error("event=file-not-closed digest={} cause=\"{}\"", partial.digest(), e.getMessage());
    }
  }

  private void requireRight() throws WrongContentException {
    if (isWrong()) {
      throw new WrongContentException(partial.digest());
    }
  }

  private int chunkAt(long offset) {
    int found = Arrays.binarySearch(ends, offset + 1);
    return Math.min(found >= 0 ? found : -found - 1, ends.length - 1);
  }
}
