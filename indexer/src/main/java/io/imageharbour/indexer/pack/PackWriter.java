package io.imageharbour.indexer.pack;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.Pack;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Writes file contents into packs, each content once. A pack is a row of zstd frames and nothing
 * else, so {@code zstd -d} reads it whole; every frame carries its content size and can be inflated
 * by itself.
 *
 * <pre>
 *  ┌───────────────────┬──────────────┬─────────┬─────────┬─────────┬───────────────────┐
 *  │ frame: a b c d e  │ frame: f     │ frame:  │ frame:  │ frame:  │ frame: h i        │
 *  │ (small neighbours)│ (one file)   │ g[0]    │ g[1]    │ g[2]    │                   │
 *  └───────────────────┴──────────────┴─────────┴─────────┴─────────┴───────────────────┘
 * </pre>
 *
 * The caller's thread reads and hashes, others compress, one uploads; what comes out depends on the
 * order of the contents only, never on the threads. At most {@link FramePipeline#MAX_IN_FLIGHT}
 * bytes wait for any of them, half of it with one thread. For one thread.
 */
public final class PackWriter implements AutoCloseable {

  private final PackLayout layout;
  private final KnownChunks known;
  private final Map<Digest, PackedChunk> chunks = new HashMap<>();
  private final FramePipeline pipeline;
  private final byte[] scratch;

  private byte[] shared;
  private int sharedFill;
  private PackedFrame sharedFrame = PackedFrame.unplaced();

  /**
   * @param known chunks that packs hold already; referenced wherever they occur
   * @param level zstd's compression level
   * @param jobs how many threads compress
   */
  public PackWriter(
      PackDestination destination, KnownChunks known, PackLayout layout, int level, int jobs) {
    this.layout = layout;
    this.known = known;
    this.pipeline = new FramePipeline(destination, layout.maxPack(), level, jobs);
    this.scratch = new byte[layout.smallFile()];
    this.shared = new byte[layout.sharedFrame()];
  }

  /**
   * Packs a file's content, unless a pack holds it.
   *
   * @param content holds at least {@code size} bytes; just as many are read
   * @throws EOFException if it holds fewer
   * @throws IOException if it can't be read, or an earlier content could not be written
   */
  public PackedFile add(InputStream content, long size) throws IOException, InterruptedException {
    if (size == 0) {
      return new PackedFile(Digest.EMPTY, 0, List.of());
    }
    if (size > layout.chunkedAbove()) {
      return addChunked(content, size);
    }
    PackedChunk chunk =
        size <= layout.smallFile()
            ? addSmall(content, (int) size)
            : addWhole(readFully(content, new byte[(int) size], (int) size), (int) size);
    return new PackedFile(chunk.digest(), size, List.of(chunk));
  }

  /** The chunks that were added here and not known; they have their places once finished. */
  public KnownChunks added() {
    return KnownChunks.of(chunks);
  }

  /**
   * Completes the pack that is being written, if there is one: every frame so far has its place
   * when this returns. More contents may follow, in a new pack.
   *
   * @return the packs that were completed since the last call, in the order of their contents
   */
  public List<Pack> finishPack() throws IOException, InterruptedException {
    submitShared();
    return pipeline.finishPack();
  }

  /** Throws away the pack that is being written, and ends the threads. */
  @Override
  public void close() {
    pipeline.close();
  }

  private PackedChunk addSmall(InputStream content, int size)
      throws IOException, InterruptedException {
    readFully(content, scratch, size);
    Digest digest = digest(scratch, size);
    Optional<PackedChunk> packed = find(digest);
    if (packed.isPresent()) {
      return packed.get();
    }
    if (sharedFill + size > shared.length) {
      submitShared();
    }
    System.arraycopy(scratch, 0, shared, sharedFill, size);
    PackedChunk chunk = new PackedChunk(digest, size, sharedFrame, sharedFill);
    sharedFill += size;
    chunks.put(digest, chunk);
    return chunk;
  }

  private PackedChunk addWhole(byte[] bytes, int size) throws IOException, InterruptedException {
    Digest digest = digest(bytes, size);
    Optional<PackedChunk> packed = find(digest);
    if (packed.isPresent()) {
      return packed.get();
    }
    PackedFrame frame = PackedFrame.unplaced();
    pipeline.submit(frame, bytes, size);
    PackedChunk chunk = new PackedChunk(digest, size, frame, 0);
    chunks.put(digest, chunk);
    return chunk;
  }

  /** Deduplicated chunk by chunk: a second copy costs no memory and no second reading. */
  private PackedFile addChunked(InputStream content, long size)
      throws IOException, InterruptedException {
    MessageDigest whole = Digest.newMessageDigest();
    List<PackedChunk> parts = new ArrayList<>();
    for (long position = 0; position < size; ) {
      int length = (int) Math.min(layout.chunk(), size - position);
      byte[] bytes = readFully(content, new byte[length], length);
      whole.update(bytes, 0, length);
      parts.add(addWhole(bytes, length));
      position += length;
    }
    return new PackedFile(Digest.fromBytes(whole.digest()), size, parts);
  }

  private void submitShared() throws IOException, InterruptedException {
    if (sharedFill > 0) {
      pipeline.submit(sharedFrame, shared, sharedFill);
      shared = new byte[layout.sharedFrame()];
      sharedFill = 0;
      sharedFrame = PackedFrame.unplaced();
    }
  }

  private Optional<PackedChunk> find(Digest digest) {
    return added().or(known).find(digest);
  }

  private static Digest digest(byte[] bytes, int length) {
    MessageDigest sha256 = Digest.newMessageDigest();
    sha256.update(bytes, 0, length);
    return Digest.fromBytes(sha256.digest());
  }

  private static byte[] readFully(InputStream content, byte[] target, int length)
      throws IOException {
    int read = content.readNBytes(target, 0, length);
    if (read < length) {
      throw new EOFException("a content of " + length + " bytes ends after " + read);
    }
    return target;
  }
}
