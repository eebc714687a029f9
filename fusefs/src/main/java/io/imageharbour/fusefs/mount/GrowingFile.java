package io.imageharbour.fusefs.mount;

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
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file of several chunks that is fetched as it is read, and becomes a file of the CAS when the
 * last chunk has come and the whole has passed its digest. Safe for use by several threads.
 */
final class GrowingFile implements OpenContent {

  private static final Logger log = LoggerFactory.getLogger(GrowingFile.class);

  /** So many chunks are fetched one by one before the next is taken along to see if it is read. */
  private static final int CHUNKS_BEFORE_TRIAL = 8;

  private final Cas cas;
  private final FetchPath fetchPath;
  private final PartialFile partial;
  private final List<StoredChunk> chunks;
  private final long[] ends;
  private final AdoptionListener afterAdoption;

  /** Held shared to use the descriptor: a chunk may still arrive when nobody has the file open. */
  private final ReentrantReadWriteLock open = new ReentrantReadWriteLock();

  private boolean closed;

  private final BitSet present = new BitSet();

  /** Chunks that were fetched because somebody waited; guarded by {@link #present}. */
  private final BitSet waitedFor = new BitSet();

  /** Those, and the others that somebody has read; guarded by {@link #present}. */
  private final BitSet read = new BitSet();

  private State state = State.GROWING;

  /** Is told when a file has come into the CAS. */
  @FunctionalInterface
  interface AdoptionListener {
    void adopted(GrowingFile file) throws IOException;
  }

  /** The place of a chunk in this file. */
  private final class Place implements ChunkSink {
    private final int chunk;

    Place(int chunk) {
      this.chunk = chunk;
    }

    @Override
    public boolean isFilled() {
      return isPresent(chunk);
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

  /**
   * The chunks behind one that somebody waits for. Most programs and libraries are read here and
   * there until nearly all of them was, a database is not: so the more of what came along was read,
   * the more comes along.
   */
  private final class ChunksBehind implements Following {
    private int last;

    ChunksBehind(int demanded) {
      last = demanded;
    }

    @Override
    public long bytes() {
      synchronized (present) {
        int cameAlong = countUnasked(present);
        int used = countUnasked(read);
        int trial = waitedFor.cardinality() < CHUNKS_BEFORE_TRIAL ? 0 : 1;
        int worth = Math.max(0, trial + 2 * used - (cameAlong - used));
        return (long) worth * chunks.get(last).frame().compressedSize();
      }
    }

    @Override
    public Optional<Errand> after(FrameAddress frame) {
      int next = last + 1;
      if (next == ends.length
          || isPresent(next)
          || chunks.get(next).frame().pack() != frame.pack()
          || chunks.get(next).frame().offset() != frame.end()) {
        return Optional.empty();
      }
      last = next;
      return Optional.of(errand(next));
    }
  }

  private enum State {
    GROWING,
    VERIFYING,
    ADOPTED,
    /** Each chunk had its digest, but the whole has not: whoever wrote the index lied. */
    WRONG
  }

  /**
   * A file of which nothing is here.
   *
   * @param chunks how it is cut
   * @param afterAdoption called once when the file has come into the CAS
   */
  GrowingFile(
      Cas cas,
      FetchPath fetchPath,
      Digest digest,
      List<StoredChunk> chunks,
      AdoptionListener afterAdoption)
      throws IOException {
    this.cas = cas;
    this.afterAdoption = afterAdoption;
    this.fetchPath = fetchPath;
    this.chunks = List.copyOf(chunks);
    ends = new long[chunks.size()];
    long end = 0;
    for (int i = 0; i < ends.length; i++) {
      end += chunks.get(i).size();
      ends[i] = end;
    }
    partial = cas.begin(digest, end);
  }

  /** How the file is cut. */
  List<StoredChunk> chunks() {
    return chunks;
  }

  @Override
  public long size() {
    return partial.size();
  }

  @Override
  public boolean has(long offset, long length) {
    int first = chunkAt(offset);
    int last = chunkAt(offset + length - 1);
    synchronized (present) {
      return present.nextClearBit(first) > last;
    }
  }

  @Override
  public void bring(long offset, long length) throws IOException, InterruptedException {
    int first = chunkAt(offset);
    // the later chunks are on their way while we wait for the first
    bringAhead(first + 1, offset + length);
    for (int i = first; i <= chunkAt(offset + length - 1); i++) {
      bring(i);
    }
  }

  /** Begins to bring the chunks behind {@code offset} that begin before {@code end}. */
  void bringAhead(long offset, long end) throws IOException {
    bringAhead(chunkAt(offset) + 1, end);
  }

  /**
   * Brings all that is missing, and the file into the CAS.
   *
   * @throws WrongContentException if the chunks do not make up the whole
   */
  void bringAll() throws IOException, InterruptedException {
    for (int i = 0; i < ends.length; i++) {
      bringAhead(i + 1, ends[i] + SequentialReader.MAX_AHEAD);
      bring(i);
    }
    adopt();
    synchronized (present) {
      while (state == State.VERIFYING) {
        present.wait();
      }
    }
    requireRight();
  }

  @Override
  public void read(long offset, MemorySegment buffer) throws IOException {
    requireRight();
    synchronized (present) {
      read.set(chunkAt(offset), chunkAt(offset + buffer.byteSize() - 1) + 1);
    }
    open.readLock().lock();
    try {
      if (closed || partial.read(offset, buffer) < buffer.byteSize()) {
        throw new TruncatedContentException(partial.toString());
      }
    } finally {
      open.readLock().unlock();
    }
  }

  /** Whether the whole was found to be wrong, so that nothing of it may be used. */
  boolean isWrong() {
    synchronized (present) {
      return state == State.WRONG;
    }
  }

  /** Whether the file is in the CAS. */
  boolean isAdopted() {
    synchronized (present) {
      return state == State.ADOPTED;
    }
  }

  /** Closes the file; if it is not in the CAS, its parts are lost. */
  @Override
  public void close() throws IOException {
    open.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        if (isAdopted()) {
          partial.close();
        } else {
          cas.discard(partial);
        }
      }
    } finally {
      open.writeLock().unlock();
    }
  }

  private void bring(int chunk) throws IOException, InterruptedException {
    requireRight();
    if (!isPresent(chunk)) {
      synchronized (present) {
        waitedFor.set(chunk);
        read.set(chunk);
      }
      fetchPath.fetch(errand(chunk), new ChunksBehind(chunk));
    }
  }

  private void bringAhead(int firstChunk, long end) throws IOException {
    for (int i = firstChunk; i < ends.length && ends[i - 1] < end; i++) {
      if (!isPresent(i)) {
        fetchPath.fetchAhead(errand(i), new ChunksBehind(i));
      }
    }
  }

  private Errand errand(int chunk) {
    return new Errand(chunks.get(chunk), new Place(chunk));
  }

  private void store(int chunk, ByteBuffer verified) throws IOException {
    open.readLock().lock();
    try {
      if (closed || isPresent(chunk)) {
        return;
      }
      partial.write(ends[chunk] - chunks.get(chunk).size(), verified);
    } finally {
      open.readLock().unlock();
    }
    boolean complete;
    synchronized (present) {
      present.set(chunk);
      complete = present.cardinality() == ends.length;
    }
    if (complete) {
      // the whole may be gigabytes: whoever waits for this chunk need not wait for its digest
      Thread.ofPlatform().daemon().name("adopt").start(this::adoptInBackground);
    }
  }

  private void adoptInBackground() {
    try {
      adopt();
    } catch (IOException e) {
      log.error("event=file-not-adopted digest={} cause=\"{}\"", partial.digest(), e.getMessage());
    }
  }

  /** Verifies the whole and moves it into the CAS, unless somebody else does or did. */
  private void adopt() throws IOException {
    synchronized (present) {
      if (state != State.GROWING) {
        return;
      }
      state = State.VERIFYING;
    }
    State after = State.GROWING;
    open.readLock().lock();
    try {
      if (!closed) {
        cas.adopt(partial);
        after = State.ADOPTED;
      }
    } catch (WrongDigestException e) {
      after = State.WRONG;
      throw e;
    } finally {
      // first the state: whoever closes the file must know whether it is still here to be removed
      synchronized (present) {
        state = after;
        present.notifyAll();
      }
      open.readLock().unlock();
    }
    if (after == State.ADOPTED) {
      afterAdoption.adopted(this);
    }
  }

  /** How many of these chunks came without anybody waiting for them. */
  private int countUnasked(BitSet some) {
    BitSet unasked = (BitSet) some.clone();
    unasked.andNot(waitedFor);
    return unasked.cardinality();
  }

  private boolean isPresent(int chunk) {
    synchronized (present) {
      return present.get(chunk);
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
