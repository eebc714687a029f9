package io.imageharbour.indexer.format;

import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.format.proto.Index;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.CRC32C;

/** Files made by hand, so that what is wrong in them gets past the checksum. */
final class IndexBytes {

  private IndexBytes() {}

  /** The file around a payload. */
  static byte[] seal(byte[] payload) {
    return resealed(
        ByteBuffer.allocate(20 + payload.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .put((byte) 0x89)
            .put("HARBOUR".getBytes(java.nio.charset.StandardCharsets.US_ASCII))
            .putInt(1)
            .putInt(payload.length)
            .put(payload)
            .array());
  }

  static byte[] seal(Index payload) {
    return seal(payload.toByteArray());
  }

  /** The same bytes with a right checksum at the end. */
  static byte[] resealed(byte[] file) {
    byte[] resealed = Arrays.copyOf(file, file.length);
    CRC32C checksum = new CRC32C();
    checksum.update(resealed, 0, resealed.length - 4);
    ByteBuffer.wrap(resealed)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(resealed.length - 4, (int) checksum.getValue());
    return resealed;
  }

  /** Reads such a file, as that of an image. */
  static ImageIndex read(byte[] file) throws IOException {
    return IndexFormat.read(new ByteArrayInputStream(file), "an image");
  }
}
