package io.imageharbour.indexer.recipe;

import io.imageharbour.indexer.LayerRecipe;
import io.imageharbour.indexer.LayerRecipe.Extent;
import io.imageharbour.indexer.pack.PackedFile;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * A layer's archive on its way to whoever reads it. What is read is recorded: as literal bytes, or
 * between {@link #beginFile} and {@link #endFile} as a file. For one thread.
 */
public final class LayerRecorder extends FilterInputStream {

  /** A file of the archive: what {@link LayerRecipe.FileRecipe} is before contents have numbers. */
  record RecordedFile(
      long literalBytes, PackedFile content, boolean padded, List<Extent> extents) {}

  private final OutputStream literals;
  private final LiteralBlocks blocks = new LiteralBlocks();

  /**
   * Literal bytes that were not written yet; a whole block is held back until more of them come.
   */
  private final byte[] block = new byte[LiteralBlocks.SIZE];

  private int filled;

  private final List<RecordedFile> files = new ArrayList<>();
  private final byte[] zeros = new byte[LayerRecipe.BLOCK];

  private final byte[] skipped = new byte[64 * 1024];
  private long literalBytes;
  private boolean inFile;

  /** How many zero bytes should follow the last file, and how many have. */
  private int padding;

  private int padded;

  LayerRecorder(InputStream archive, OutputStream literals) {
    super(archive);
    this.literals = literals;
  }

  /** From now on a file's stored bytes are read, all of them. */
  public void beginFile() throws IOException {
    settlePadding();
    inFile = true;
  }

  /**
   * The file was read to its end.
   *
   * @param content of the file, expanded
   * @param extents what was stored of it; none if it was all
   */
  public void endFile(PackedFile content, List<Extent> extents) throws IOException {
    inFile = false;
    LayerRecipe.FileRecipe recipe = new LayerRecipe.FileRecipe(0, 0, true, extents);
    long stored = recipe.storedBytes(content.size());
    flush(OptionalLong.of(stored));
    padding = recipe.padding(stored);
    padded = 0;
    files.add(new RecordedFile(literalBytes, content, true, extents));
    literalBytes = 0;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    int read = super.read(bytes, offset, length);
    if (read > 0 && !inFile) {
      record(bytes, offset, read);
    }
    return read;
  }

  /** Skips by reading, so that what is skipped is recorded. */
  @Override
  public long skip(long count) throws IOException {
    return count <= 0 ? 0 : Math.max(0, read(skipped, 0, (int) Math.min(count, skipped.length)));
  }

  @Override
  public boolean markSupported() {
    return false;
  }

  List<RecordedFile> files() {
    return files;
  }

  /** Literal bytes after the last file; the archive was read to its end. */
  long finish() throws IOException {
    settlePadding();
    flush(OptionalLong.empty());
    return literalBytes;
  }

  private void record(byte[] bytes, int offset, int length) throws IOException {
    int from = offset;
    int to = offset + length;
    while (padded < padding && from < to) {
      if (bytes[from] != 0) {
        settlePadding();
        break;
      }
      from++;
      padded++;
    }
    write(bytes, from, to);
  }

  private void write(byte[] bytes, int begin, int end) throws IOException {
    for (int from = begin; from < end; ) {
      if (filled == block.length) {
        flush(OptionalLong.empty());
      }
      int count = Math.min(end - from, block.length - filled);
      System.arraycopy(bytes, from, block, filled, count);
      filled += count;
      from += count;
    }
    literalBytes += end - begin;
  }

  /**
   * Writes what is held back.
   *
   * @param stored bytes of the file that begins behind it, if one does
   */
  private void flush(OptionalLong stored) throws IOException {
    if (filled == block.length) {
      blocks.reduce(block, stored);
    }
    literals.write(block, 0, filled);
    filled = 0;
  }

  /** Zero bytes that are not as many as they should be are literal ones. */
  private void settlePadding() throws IOException {
    if (padded < padding) {
      write(zeros, 0, padded);
      RecordedFile last = files.removeLast();
      files.add(new RecordedFile(last.literalBytes(), last.content(), false, last.extents()));
    }
    padding = 0;
    padded = 0;
  }
}
