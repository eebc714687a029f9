package io.imageharbour.indexer.recipe;

import com.github.luben.zstd.ZstdInputStream;
import io.imageharbour.indexer.LayerRecipe;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/**
 * The archives of an image's layers. They share one stream of literal bytes, so they are opened
 * from the top to the bottom, one after the other; any may be left out, or not read to its end. For
 * one thread.
 */
public final class Archives implements AutoCloseable {

  /** The largest window that literal bytes may ask for, log2: 8 MiB, level 12 takes half. */
  private static final int MAX_WINDOW = 23;

  private static final int BUFFER = 64 * 1024;

  private final List<LayerRecipe> layers;
  private final InputStream inflated;
  private final ContentSource contents;
  private int next;

  /** Position in the literal bytes, and where those of the next layer begin. */
  private long position;

  private long nextBegin;

  /**
   * The archives of these layers.
   *
   * @param layers from the bottom to the top
   * @param literals as a recipe has them, compressed; closed with this
   */
  public Archives(List<LayerRecipe> layers, InputStream literals, ContentSource contents)
      throws IOException {
    this.layers = layers;
    this.contents = contents;
    this.next = layers.size() - 1;
    this.inflated =
        new BufferedInputStream(new ZstdInputStream(literals).setLongMax(MAX_WINDOW), BUFFER);
  }

  /**
   * Opens the archive of a layer; the one that was opened before must not be read any more.
   *
   * @param layer 0 for the bottom layer; lower than any that was opened
   */
  public ArchiveStream open(int layer) throws IOException {
    if (layer > next) {
      throw new IllegalStateException("layer " + layer + " was passed");
    }
    while (next > layer) {
      nextBegin += layers.get(next--).literalBytes();
    }
    inflated.skipNBytes(nextBegin - position);
    position = nextBegin;
    nextBegin += layers.get(next--).literalBytes();
    return new ArchiveStream(layers.get(layer), new Counted(), contents);
  }

  @Override
  public void close() throws IOException {
    inflated.close();
  }

  /** The literal bytes; how far they were read is kept. */
  private final class Counted extends InputStream {

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int read = inflated.read(bytes, offset, length);
      position += Math.max(read, 0);
      return read;
    }

    @Override
    public long skip(long count) throws IOException {
      long skipped = inflated.skip(count);
      position += skipped;
      return skipped;
    }
  }
}
