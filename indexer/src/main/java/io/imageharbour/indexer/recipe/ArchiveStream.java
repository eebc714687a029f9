package io.imageharbour.indexer.recipe;

import io.imageharbour.indexer.LayerRecipe;
import io.imageharbour.indexer.LayerRecipe.Extent;
import io.imageharbour.indexer.LayerRecipe.FileRecipe;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A layer's archive, made of its recipe. Holds nothing of it. Whether it is what it was is not
 * known before its digest was compared. For one thread.
 */
public final class ArchiveStream extends InputStream {

  private enum Step {
    LITERALS,
    BEFORE_FILE,
    FILE,
    PADDING,
    END
  }

  private final LayerRecipe layer;
  private final InputStream literals;
  private final ContentSource contents;
  private final LiteralBlocks blocks = new LiteralBlocks();

  /** The literal block that is read right now, and its end where it is none of a whole size. */
  private final byte[] block = new byte[LiteralBlocks.SIZE];

  private int blockEnd;
  private int blockRead;

  private Step step = Step.LITERALS;
  private int files;

  /** Bytes of this step, or of this extent of the file, that were not read yet. */
  private long left;

  private Iterator<Extent> extents = List.<Extent>of().iterator();
  private InputStream extent = InputStream.nullInputStream();
  private long stored;

  /**
   * The archive of a layer.
   *
   * @param literals the layer's literal bytes, and perhaps more
   */
  ArchiveStream(LayerRecipe layer, InputStream literals, ContentSource contents) {
    this.layer = layer;
    this.literals = literals;
    this.contents = contents;
    this.left = literalBytes();
  }

  /** The file that stands right here in the archive and of which nothing was read yet. */
  public Optional<FileRecipe> fileHere() {
    if (step == Step.LITERALS && left == 0 && files < layer.files().size()) {
      step = Step.BEFORE_FILE;
    }
    return step == Step.BEFORE_FILE ? Optional.of(layer.files().get(files)) : Optional.empty();
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    advance();
    int count = (int) Math.min(length, left);
    switch (step) {
      case LITERALS -> {
        count = advanceInBlock(count);
        System.arraycopy(block, blockRead - count, bytes, offset, count);
      }
      case FILE -> count = readFile(bytes, offset, count);
      case PADDING -> Arrays.fill(bytes, offset, offset + count, (byte) 0);
      case BEFORE_FILE, END -> {
        return -1;
      }
    }
    left -= count;
    return count;
  }

  /** Skips without asking for the bytes of files. */
  @Override
  public long skip(long wanted) throws IOException {
    if (wanted <= 0) {
      return 0;
    }
    advance();
    long count = Math.min(wanted, left);
    switch (step) {
      case LITERALS -> count = advanceInBlock(count);
      case FILE -> extent.skipNBytes(count);
      case PADDING, BEFORE_FILE, END -> {}
    }
    left -= count;
    return count;
  }

  /** Goes on to the next step that has bytes. */
  private void advance() throws IOException {
    while (left == 0 && step != Step.END) {
      switch (step) {
        case LITERALS -> step = files < layer.files().size() ? Step.BEFORE_FILE : Step.END;
        case BEFORE_FILE -> {
          extents = storedExtents(layer.files().get(files)).iterator();
          stored = 0;
          step = Step.FILE;
        }
        case FILE -> nextExtent();
        case PADDING -> {
          files++;
          left = literalBytes();
          step = Step.LITERALS;
        }
        case END -> {}
      }
    }
  }

  /** Goes on in the literal bytes, at most to the end of a block; how many bytes that were. */
  private int advanceInBlock(long most) throws IOException {
    if (blockRead == blockEnd) {
      nextBlock();
    }
    int count = (int) Math.min(most, blockEnd - blockRead);
    blockRead += count;
    return count;
  }

  private void nextBlock() throws IOException {
    blockEnd = (int) Math.min(block.length, left);
    blockRead = 0;
    if (literals.readNBytes(block, 0, blockEnd) < blockEnd) {
      throw new EOFException("the literal bytes of a recipe end too early");
    }
    if (blockEnd == block.length) {
      blocks.restore(block, left == blockEnd ? storedHere() : OptionalLong.empty());
    }
  }

  /** Bytes of the file behind the literal bytes, as the archive has it. */
  private OptionalLong storedHere() {
    if (files == layer.files().size()) {
      return OptionalLong.empty();
    }
    FileRecipe file = layer.files().get(files);
    return OptionalLong.of(file.storedBytes(contents.size(file.content())));
  }

  private List<Extent> storedExtents(FileRecipe file) {
    return file.extents().isEmpty()
        ? List.of(new Extent(0, contents.size(file.content())))
        : file.extents();
  }

  private void nextExtent() throws IOException {
    FileRecipe file = layer.files().get(files);
    if (extents.hasNext()) {
      Extent next = extents.next();
      left = next.length();
      stored += left;
      if (left > 0) {
        extent = contents.open(file.content(), next.offset(), left);
      }
    } else {
      extent = InputStream.nullInputStream();
      left = file.padding(stored);
      step = Step.PADDING;
    }
  }

  private long literalBytes() {
    List<FileRecipe> all = layer.files();
    return files < all.size() ? all.get(files).literalBytes() : layer.tail();
  }

  private int readFile(byte[] bytes, int offset, int length) throws IOException {
    int read = extent.read(bytes, offset, length);
    if (read < 0) {
      throw new EOFException("the bytes of a file of a recipe end too early");
    }
    return read;
  }
}
