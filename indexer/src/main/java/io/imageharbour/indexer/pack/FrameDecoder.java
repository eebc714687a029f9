package io.imageharbour.indexer.pack;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import io.imageharbour.indexer.Frame;

/**
 * Inflates frames of packs. What comes from a registry is not trusted: nothing is allocated and
 * nothing inflated before the frame itself declares the size that the index expects, and the output
 * can't grow beyond it.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc8878">RFC 8878, Zstandard</a>
 */
public final class FrameDecoder {

  private FrameDecoder() {}

  /**
   * Inflates one frame. The result's digests are still to be checked.
   *
   * @param compressed exactly one zstd frame with its content size in the header
   * @param size how many bytes it must inflate to, 1 to {@link Frame#MAX_SIZE}
   * @throws CorruptFrameException if it is anything else
   */
  public static byte[] decode(byte[] compressed, int size) throws CorruptFrameException {
    if (size < 1 || size > Frame.MAX_SIZE) {
      throw new CorruptFrameException(
          "A frame of " + size + " bytes was asked for; 1 to " + Frame.MAX_SIZE + " are allowed");
    }
    try {
      requireOneFrame(compressed, size);
      byte[] content = new byte[size];
      long inflated = Zstd.decompressByteArray(content, 0, size, compressed, 0, compressed.length);
      if (inflated == size) {
        return content;
      }
      throw damaged("it inflates to " + inflated + " bytes and not to " + size);
    } catch (ZstdException e) {
      throw damaged(
          "it is no zstd frame that inflates to " + size + " bytes (" + e.getMessage() + ")");
    }
  }

  private static void requireOneFrame(byte[] compressed, int size) throws CorruptFrameException {
    long declared = compressed.length == 0 ? -1 : Zstd.getFrameContentSize(compressed);
    if (declared != size) {
      throw damaged(
          "its header "
              + (declared < 0 ? "is no zstd header with a size" : "declares " + declared + " bytes")
              + " where the index expects "
              + size);
    }
    long length = Zstd.findFrameCompressedSize(compressed);
    if (length != compressed.length) {
      throw damaged(
          "it ends after " + length + " bytes where the index expects " + compressed.length);
    }
  }

  private static CorruptFrameException damaged(String how) {
    return new CorruptFrameException("The frame is damaged, or the index is wrong: " + how);
  }
}
