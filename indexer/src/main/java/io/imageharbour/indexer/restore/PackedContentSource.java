package io.imageharbour.indexer.restore;

import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.StoredContents;
import io.imageharbour.indexer.image.CorruptContentException;
import io.imageharbour.indexer.recipe.ContentSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Contents out of the packs of a repository. Every chunk is verified before a byte of it is
 * returned; memory is that of {@link FrameFetcher}. For one thread.
 */
final class PackedContentSource implements ContentSource {

  private final StoredContents stored;
  private final FrameFetcher frames;

  PackedContentSource(StoredContents stored, FrameFetcher frames) {
    this.stored = stored;
    this.frames = frames;
  }

  @Override
  public long size(int content) {
    return stored.contents().get(content).size();
  }

  @Override
  public InputStream open(int content, long offset, long length) {
    return new Part(stored.contents().get(content), offset, length);
  }

  private ByteBuffer open(Chunk chunk) throws IOException {
    ByteBuffer bytes =
        ByteBuffer.wrap(frames.frame(chunk.frame()), chunk.offset(), chunk.size()).slice();
    if (!Digest.sha256(bytes.duplicate()).equals(chunk.digest())) {
      throw new CorruptContentException(
          frames.location(chunk.frame())
              + " does not hold the chunk "
              + chunk.digest()
              + " that the index or the recipe says it holds");
    }
    return bytes;
  }

  /** A part of a content. */
  private final class Part extends InputStream {

    private final List<Chunk> chunks;
    private int next;
    private long skip;
    private long left;
    private ByteBuffer current = ByteBuffer.allocate(0);

    Part(FileContent content, long offset, long length) {
      chunks = content.chunks();
      skip = offset;
      left = length;
      while (next < chunks.size() && skip >= chunks.get(next).size()) {
        skip -= chunks.get(next++).size();
      }
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
      if (!current.hasRemaining()) {
        if (left == 0 || next == chunks.size()) {
          return -1;
        }
        current = PackedContentSource.this.open(chunks.get(next++));
        current.position((int) skip);
        skip = 0;
      }
      int count = (int) Math.min(Math.min(length, left), current.remaining());
      current.get(bytes, offset, count);
      left -= count;
      return count == 0 ? -1 : count;
    }
  }
}
