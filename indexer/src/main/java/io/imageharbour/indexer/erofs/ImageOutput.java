package io.imageharbour.indexer.erofs;

import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * The file that an image is written to: little-endian, from the beginning to the end in one go, and
 * then the first block once more, because the superblock in it depends on all that follows.
 */
final class ImageOutput implements AutoCloseable {

  private static final int BUFFER_BYTES = 256 << 10;

  private final FileChannel channel;
  private final ByteBuffer buffer =
      ByteBuffer.allocate(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private final MessageDigest identity = Digest.newMessageDigest();
  private byte[] firstBlock = new byte[0];
  private long flushed;

  private ImageOutput(FileChannel channel) {
    this.channel = channel;
  }

  /** Creates the file, or empties it. */
  static ImageOutput create(Path file) throws IOException {
    return new ImageOutput(
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE));
  }

  /** How many bytes were put so far. */
  long position() {
    return flushed + buffer.position();
  }

  /** The buffer, with room for at least {@code bytes} more, of which there are at most 64 KiB. */
  ByteBuffer room(int bytes) throws IOException {
    if (buffer.remaining() < bytes) {
      flush();
    }
    return buffer;
  }

  void put(byte[] bytes) throws IOException {
    for (int done = 0; done < bytes.length; ) {
      int length = Math.min(bytes.length - done, room(1).remaining());
      buffer.put(bytes, done, length);
      done += length;
    }
  }

  /** Puts zeros up to a position that lies ahead, or is the current one. */
  void padTo(long target) throws IOException {
    while (position() < target) {
      int length = (int) Math.min(target - position(), room(1).remaining());
      Arrays.fill(buffer.array(), buffer.position(), buffer.position() + length, (byte) 0);
      buffer.position(buffer.position() + length);
    }
  }

  /** Ends the file: its first block gets this superblock, which is identified by all the rest. */
  void finish(Superblock superblock) throws IOException {
    padTo(Erofs.roundUp(position(), Erofs.BLOCK_BYTES));
    flush();
    superblock.writeTo(firstBlock, flushed / Erofs.BLOCK_BYTES, identity.digest());
    ByteBuffer block = ByteBuffer.wrap(firstBlock);
    while (block.hasRemaining()) {
      channel.write(block, block.position());
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  private void flush() throws IOException {
    buffer.flip();
    if (flushed == 0) {
      firstBlock = Arrays.copyOf(buffer.array(), Erofs.BLOCK_BYTES);
    }
    identify();
    while (buffer.hasRemaining()) {
      flushed += channel.write(buffer);
    }
    buffer.clear();
  }

  /**
   * Takes the buffer's checksum into what the image is identified by. Identities need to differ by
   * accident only, and SHA-256 over all bytes would take longer than all the rest.
   */
  private void identify() {
    CRC32C checksum = new CRC32C();
    checksum.update(buffer.array(), 0, buffer.limit());
    identity.update(ByteBuffer.allocate(Long.BYTES).putLong(0, checksum.getValue()));
  }
}
