package io.imageharbour.indexer.image;

import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.Frame;
import io.imageharbour.indexer.Pack;
import io.imageharbour.indexer.StoredContents;
import io.imageharbour.indexer.pack.CorruptFrameException;
import io.imageharbour.indexer.pack.FrameDecoder;
import io.imageharbour.indexer.registry.Repository;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;

/** One file's content, chunk by chunk from its packs. Holds one frame. For one thread. */
final class ContentStream extends InputStream {

  private final Repository repository;
  private final StoredContents stored;
  private final FileContent content;
  private final MessageDigest whole = Digest.newMessageDigest();

  private int nextChunk;
  private int frame = -1;
  private byte[] inflated = new byte[0];
  private ByteBuffer current = ByteBuffer.allocate(0);

  ContentStream(Repository repository, StoredContents stored, FileContent content) {
    this.repository = repository;
    this.stored = stored;
    this.content = content;
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
      if (nextChunk == content.chunks().size()) {
        return -1;
      }
      current = open(content.chunks().get(nextChunk++));
    }
    int count = Math.min(length, current.remaining());
    current.get(bytes, offset, count);
    return count;
  }

  private ByteBuffer open(Chunk chunk) throws IOException {
    if (chunk.frame() != frame) {
      inflated = fetch(stored.frames().get(chunk.frame()));
      frame = chunk.frame();
    }
    ByteBuffer bytes = ByteBuffer.wrap(inflated, chunk.offset(), chunk.size()).slice();
    if (!Digest.sha256(bytes.duplicate()).equals(chunk.digest())) {
      throw new CorruptContentException(
          location(stored.frames().get(chunk.frame()))
              + " does not hold the chunk "
              + chunk.digest()
              + " that the index says it holds; convert the image again");
    }
    whole.update(bytes.duplicate());
    if (nextChunk == content.chunks().size()
        && !Digest.fromBytes(whole.digest()).equals(content.digest())) {
      throw new CorruptContentException(
          "The chunks of the content "
              + content.digest()
              + " do not make it up; the index is wrong, convert the image again");
    }
    return bytes;
  }

  private byte[] fetch(Frame wanted) throws IOException {
    Pack pack = stored.packs().get(wanted.pack());
    try {
      byte[] compressed =
          repository.readBlob(pack.digest(), pack.size(), wanted.offset(), wanted.compressedSize());
      return FrameDecoder.decode(compressed, wanted.size());
    } catch (CorruptFrameException e) {
      throw new CorruptContentException(location(wanted) + " is damaged: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while reading " + location(wanted));
    }
  }

  private String location(Frame wanted) {
    return "The frame at "
        + wanted.offset()
        + " of pack "
        + stored.packs().get(wanted.pack()).digest()
        + " in "
        + repository.name();
  }
}
