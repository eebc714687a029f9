package io.imageharbour.indexer.recipe;

import io.imageharbour.indexer.HarbourException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Bytes in a file without a name, so that nothing is left of it however this process ends. Written
 * once and read any number of times. For one thread.
 */
final class NamelessFile implements AutoCloseable {

  private final FileChannel channel;
  private final OutputStream out = new Appender();

  private NamelessFile(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Makes an empty one.
   *
   * @param what it is for, for messages
   * @throws HarbourException if the directory takes no file
   */
  static NamelessFile in(Path directory, String what) throws HarbourException {
    try {
      Path path = Files.createTempFile(directory, "harbour-recipe-", ".tmp");
      try {
        return new NamelessFile(
            FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE));
      } finally {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new HarbourException(
          "There is no place for " + what + " in " + directory + ": " + e + "; make room there", e);
    }
  }

  /** Where to write; closing it changes nothing. */
  OutputStream out() {
    return out;
  }

  /** What was written so far, from its beginning; closing it changes nothing. */
  InputStream open() {
    return new InputStream() {
      private long position;

      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] bytes, int offset, int length) throws IOException {
        int read = channel.read(ByteBuffer.wrap(bytes, offset, length), position);
        position += Math.max(read, 0);
        return read;
      }
    };
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  private final class Appender extends OutputStream {

    private long position;

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      ByteBuffer buffer = ByteBuffer.wrap(bytes, offset, length);
      while (buffer.hasRemaining()) {
        position += channel.write(buffer, position);
      }
    }
  }
}
