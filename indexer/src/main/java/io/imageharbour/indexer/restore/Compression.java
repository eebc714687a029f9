package io.imageharbour.indexer.restore;

import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import java.io.IOException;
import java.io.OutputStream;
import java.util.zip.GZIPOutputStream;

/** How a layer's archive is compressed, as its media type says. */
enum Compression {
  NONE,
  GZIP,
  ZSTD;

  private static final int BUFFER = 64 * 1024;

  /** The level that {@code zstd} itself uses. */
  private static final int ZSTD_LEVEL = 3;

  static Compression of(String mediaType) {
    if (mediaType.endsWith("gzip")) {
      return GZIP;
    }
    return mediaType.endsWith("zstd") ? ZSTD : NONE;
  }

  /** A stream that compresses into another; closing it ends both. */
  OutputStream into(OutputStream out) throws IOException {
    return switch (this) {
      case NONE -> out;
      case GZIP -> new GZIPOutputStream(out, BUFFER);
      case ZSTD -> new ZstdOutputStreamNoFinalizer(out, ZSTD_LEVEL);
    };
  }
}
