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
      case LITERALS -> count = requireBytes(literals.read(bytes, offset, count), "literal bytes");
      case FILE -> count = requireBytes(extent.read(bytes, offset, count), "bytes of a file");
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
      case LITERALS -> literals.skipNBytes(count);
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

  private static int requireBytes(int read, String what) throws EOFException {
    if (read < 0) {
      throw new EOFException("the " + what + " of a recipe end too early");
    }
    return read;
  }
}
