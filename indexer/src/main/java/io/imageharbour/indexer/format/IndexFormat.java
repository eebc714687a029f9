package io.imageharbour.indexer.format;

import com.google.protobuf.ByteString;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.Frame;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.Pack;
import io.imageharbour.indexer.format.proto.Index;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * The file {@code .harbour/index}: an {@link ImageIndex} as bytes. The same index always gives the
 * same bytes.
 *
 * <pre>
 * offset  bytes
 *      0      8  magic: 0x89 and "HARBOUR"
 *      8      4  version, {@value #VERSION}
 *     12      4  length of the payload, n; unsigned
 *     16      n  payload: message Index of index.proto
 *   16+n      4  CRC-32C of all bytes before it
 * </pre>
 *
 * Numbers are little-endian. Nothing follows the checksum. A change that readers of this version
 * would misunderstand raises the version; one that they may ignore is a new field of the payload.
 *
 * <p>What is read comes from a registry and is trusted in nothing: the length is bounded before
 * anything is allocated, every count is compared with the bytes that are there, and what comes out
 * has passed all rules of the model. Reading takes heap of about eight times the file's size, five
 * of which the result keeps, and at most 1 GiB. All methods are static and safe for use by several
 * threads.
 */
public final class IndexFormat {

  /** The version that is written, and the latest that can be read. */
  public static final int VERSION = 1;

  private static final byte[] MAGIC = {(byte) 0x89, 'H', 'A', 'R', 'B', 'O', 'U', 'R'};
  private static final int HEADER_BYTES = 16;
  private static final int FOOTER_BYTES = 4;

  private IndexFormat() {}

  /**
   * Writes an index; does not close the stream.
   *
   * @throws InvalidTreeException if the index breaks a rule or limit of the model; nothing was
   *     written then
   * @throws IOException if the stream fails
   */
  public static void write(ImageIndex index, OutputStream out) throws IOException {
    IndexValidator.requireBuildable(index);
    byte[] payload = encode(index).toByteArray();
    if (payload.length > Limits.PAYLOAD_BYTES) {
      throw new InvalidTreeException(
          "the index takes %d bytes, more than %d".formatted(payload.length, Limits.PAYLOAD_BYTES));
    }
    ByteBuffer header =
        littleEndian(HEADER_BYTES).put(MAGIC).putInt(VERSION).putInt(payload.length);
    CRC32C checksum = new CRC32C();
    checksum.update(header.array());
    checksum.update(payload);
    out.write(header.array());
    out.write(payload);
    out.write(littleEndian(FOOTER_BYTES).putInt((int) checksum.getValue()).array());
  }

  /**
   * Reads an index from a file.
   *
   * @throws NotAnIndexException if the file is something else
   * @throws IndexTooNewException if this Harbour is too old for it
   * @throws CorruptIndexException if it is truncated or damaged, or breaks a rule or limit
   * @throws IOException if the file cannot be read
   */
  public static ImageIndex read(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return read(in, file.toString());
    }
  }

  /**
   * Reads an index from a stream that ends with it; does not close the stream.
   *
   * @param source what the stream comes from, for messages
   * @throws NotAnIndexException if the stream is something else
   * @throws IndexTooNewException if this Harbour is too old for it
   * @throws CorruptIndexException if it is truncated or damaged, or breaks a rule or limit
   * @throws IOException if the stream fails
   */
  public static ImageIndex read(InputStream in, String source) throws IOException {
    byte[] payload = readPayload(in, source);
    ImageIndex index;
    try {
      index = decode(payload);
      IndexValidator.check(index);
    } catch (BrokenRuleException e) {
      throw new CorruptIndexException(source, e.reason());
    }
    return index;
  }

  private static byte[] readPayload(InputStream in, String source) throws IOException {
    byte[] header = in.readNBytes(HEADER_BYTES);
    if (header.length < MAGIC.length || !Arrays.equals(header, 0, 8, MAGIC, 0, 8)) {
      throw new NotAnIndexException(
          source, header.length == 0 ? "it is empty" : "it does not begin with the magic number");
    }
    requireBytes(source, header, HEADER_BYTES);
    ByteBuffer numbers = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
    int version = numbers.getInt(8);
    if (Integer.compareUnsigned(version, VERSION) > 0) {
      throw new IndexTooNewException(source, Integer.toUnsignedLong(version));
    }
    if (version == 0) {
      throw new CorruptIndexException(source, "there is no version 0");
    }
    long length = Integer.toUnsignedLong(numbers.getInt(12));
    if (length > Limits.PAYLOAD_BYTES) {
      throw new CorruptIndexException(
          source,
          "it declares a payload of %d bytes, more than %d"
              .formatted(length, Limits.PAYLOAD_BYTES));
    }
    byte[] payload = requireBytes(source, in.readNBytes((int) length), (int) length);
    byte[] footer = requireBytes(source, in.readNBytes(FOOTER_BYTES), FOOTER_BYTES);
    CRC32C checksum = new CRC32C();
    checksum.update(header);
    checksum.update(payload);
    int expected = ByteBuffer.wrap(footer).order(ByteOrder.LITTLE_ENDIAN).getInt();
    if ((int) checksum.getValue() != expected) {
      throw new CorruptIndexException(
          source,
          "its checksum is %08x and its footer says %08x"
              .formatted((int) checksum.getValue(), expected));
    }
    if (in.read() != -1) {
      throw new CorruptIndexException(source, "more bytes follow its footer");
    }
    return payload;
  }

  private static byte[] requireBytes(String source, byte[] read, int length)
      throws CorruptIndexException {
    if (read.length < length) {
      throw new CorruptIndexException(
          source,
          "it is truncated, %d of %d bytes are there for one part of it"
              .formatted(read.length, length));
    }
    return read;
  }

  private static Index encode(ImageIndex index) {
    return Index.newBuilder()
        .setTree(new TreeEncoder(index.inodes()).encode())
        .setContents(ContentColumns.encode(index.contents()))
        .setPacks(PackColumns.encode(index.packs(), index.frames()))
        .setOrigins(
            ByteString.copyFrom(
                TextColumn.of(
                    index.origins().stream()
                        .map(origin -> origin.getBytes(StandardCharsets.UTF_8))
                        .toList())))
        .build();
  }

  private static ImageIndex decode(byte[] payload) throws BrokenRuleException {
    WireMessage index = WireMessage.of(payload);
    PackColumns packColumns = new PackColumns(index.message(Index.PACKS_FIELD_NUMBER));
    List<Pack> packs = packColumns.packs();
    List<Frame> frames = packColumns.frames();
    List<FileContent> contents =
        new ContentColumns(index.message(Index.CONTENTS_FIELD_NUMBER)).contents();
    List<Inode> inodes = new TreeDecoder(index.message(Index.TREE_FIELD_NUMBER)).inodes();
    TextColumn texts = index.texts(Index.ORIGINS_FIELD_NUMBER);
    List<String> origins = texts.strings(Limits.ORIGINS);
    return new ImageIndex(inodes, contents, frames, packs, origins);
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
