package io.imageharbour.indexer.layer;

import com.github.luben.zstd.ZstdInputStream;
import io.imageharbour.indexer.HarbourException;
import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;

/**
 * A layer's blob, decompressed: gzip (of several members too), zstd, or not compressed at all. The
 * first bytes decide, as containerd has it, for media types are wrong now and then. For one thread.
 *
 * <p>Nothing that came out of it may be trusted before {@link #finish} returned: it reads the blob
 * to its end, where the digest is checked.
 */
public final class LayerStream extends FilterInputStream {

  private static final int BUFFER = 128 * 1024;

  private final InputStream blob;
  private final long maxBytes;
  private final byte[] skipped = new byte[BUFFER];
  private long bytes;

  private LayerStream(InputStream blob, InputStream decompressed, long maxBytes) {
    super(decompressed);
    this.blob = blob;
    this.maxBytes = maxBytes;
  }

  /**
   * Looks at the first bytes and begins to decompress.
   *
   * @param blob verifies itself at its end; closed with the result, and if this fails
   * @param maxBytes how many bytes it may decompress to
   */
  public static LayerStream open(InputStream blob, long maxBytes) throws IOException {
    try {
      BufferedInputStream buffered = new BufferedInputStream(blob, BUFFER);
      buffered.mark(4);
      byte[] magic = buffered.readNBytes(4);
      buffered.reset();
      InputStream decompressed = explained(() -> decompress(buffered, magic));
      return new LayerStream(buffered, new BufferedInputStream(decompressed, BUFFER), maxBytes);
    } catch (IOException | RuntimeException e) {
      blob.close();
      throw e;
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  /**
   * @throws MalformedLayerException if the blob can't be decompressed, or to more than it may
   */
  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    int read = explained(() -> super.read(target, offset, length));
    bytes += Math.max(read, 0);
    if (bytes > maxBytes) {
      throw new MalformedLayerException(
          "The layer decompresses to more than " + maxBytes + " bytes, the most that it may");
    }
    return read;
  }

  /** Skips by reading, so that what is skipped counts. */
  @Override
  public long skip(long count) throws IOException {
    return count <= 0 ? 0 : Math.max(0, read(skipped, 0, (int) Math.min(count, BUFFER)));
  }

  /**
   * Reads what is left, so that the whole blob has been decompressed and verified.
   *
   * @throws MalformedLayerException if it does not decompress to its end
   */
  public void finish() throws IOException {
    int read;
    do {
      read = read(skipped, 0, skipped.length);
    } while (read >= 0);
    do { // a decompressor need not look for the blob's end, where its digest is checked
      read = blob.read(skipped, 0, skipped.length);
    } while (read >= 0);
  }

  private static InputStream decompress(InputStream blob, byte[] magic) throws IOException {
    if (startsWith(magic, 0x1f, 0x8b)) {
      return GzipCompressorInputStream.builder()
          .setInputStream(blob)
          .setBufferSize(BUFFER)
          .setDecompressConcatenated(true)
          .get();
    }
    boolean skippable =
        magic.length == 4
            && (magic[0] & 0xf0) == 0x50
            && startsWith(magic, magic[0] & 0xff, 0x2a, 0x4d, 0x18);
    return skippable || startsWith(magic, 0x28, 0xb5, 0x2f, 0xfd)
        ? new ZstdInputStream(blob)
        : blob;
  }

  private static boolean startsWith(byte[] bytes, int... prefix) {
    if (bytes.length < prefix.length) {
      return false;
    }
    for (int i = 0; i < prefix.length; i++) {
      if ((bytes[i] & 0xff) != prefix[i]) {
        return false;
      }
    }
    return true;
  }

  private interface Read<T> {
    T run() throws IOException;
  }

  /** Failures of the registry have a name already; any other is the decompressor's. */
  private static <T> T explained(Read<T> read) throws IOException {
    try {
      return read.run();
    } catch (HarbourException | InterruptedIOException e) {
      throw e;
    } catch (IOException e) {
      throw new MalformedLayerException(
          "The layer can't be decompressed, it is damaged or cut off: " + e.getMessage(), e);
    }
  }
}
