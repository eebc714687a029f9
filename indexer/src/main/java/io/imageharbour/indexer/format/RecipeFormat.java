package io.imageharbour.indexer.format;

import static io.imageharbour.indexer.format.IndexValidator.require;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdInputStream;
import com.google.protobuf.ByteString;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.Frame;
import io.imageharbour.indexer.Pack;
import io.imageharbour.indexer.Recipe;
import io.imageharbour.indexer.Recipe.Document;
import io.imageharbour.indexer.StoredContents;
import io.imageharbour.indexer.format.proto.RecipeHead;
import java.io.ByteArrayInputStream;
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
import java.util.Optional;
import java.util.zip.CRC32C;
import org.apache.commons.io.input.BoundedInputStream;

/**
 * A recipe as a blob: a head, which says how the archives of the layers are put together, and the
 * literal bytes of these archives. The same recipe always gives the same bytes.
 *
 * <pre>
 * offset  bytes
 *      0      8  magic: 0x89 and "HARRCPE"
 *      8      4  version, {@value #VERSION}
 *     12      4  length of the head, n; unsigned
 *     16      n  head: message RecipeHead of recipe.proto, as one zstd frame
 *   16+n      m  the literal bytes of all layers, from the top to the bottom, reduced; as one zstd frame
 * 16+n+m      4  CRC-32C of all bytes before it
 * </pre>
 *
 * Numbers are little-endian. Nothing follows the checksum. A change that readers of this version
 * would misunderstand raises the version; one that they may ignore is a new field of the head.
 *
 * <p>What is read comes from a registry and is trusted in nothing: the head inflates to what it
 * says, at most {@link Limits#PAYLOAD_BYTES}, takes heap as it comes and not as it is declared, and
 * every count is compared with the bytes that are there. Literal bytes are handed on as they are,
 * compressed. All methods are static and safe for use by several threads.
 */
public final class RecipeFormat {

  /** The version that is written, and the latest that can be read. */
  public static final int VERSION = 1;

  /** zstd's level for all of it; beyond this one time grows faster than what is saved. */
  public static final int LEVEL = 12;

  private static final byte[] MAGIC = {(byte) 0x89, 'H', 'A', 'R', 'R', 'C', 'P', 'E'};
  private static final int HEADER_BYTES = 16;
  private static final int FOOTER_BYTES = 4;
  private static final int BUFFER = 64 * 1024;

  /** The longest header of a zstd frame, in bytes. */
  private static final int MAX_FRAME_HEADER = 18;

  private RecipeFormat() {}

  /**
   * Writes a recipe; closes neither stream.
   *
   * @param literals the literal bytes of the layers from the top to the bottom, as one zstd frame
   * @throws InvalidRecipeException if the recipe breaks a limit; nothing was written then
   * @throws IOException if a stream fails
   */
  public static void write(Recipe recipe, InputStream literals, OutputStream out)
      throws IOException {
    byte[] payload = encode(recipe).toByteArray();
    requireWritable(payload);
    byte[] head = Zstd.compress(payload, LEVEL);
    CRC32C checksum = new CRC32C();
    byte[] header =
        littleEndian(HEADER_BYTES).put(MAGIC).putInt(VERSION).putInt(head.length).array();
    write(header, header.length, checksum, out);
    write(head, head.length, checksum, out);
    byte[] buffer = new byte[BUFFER];
    for (int read = literals.read(buffer); read >= 0; read = literals.read(buffer)) {
      write(buffer, read, checksum, out);
    }
    out.write(littleEndian(FOOTER_BYTES).putInt((int) checksum.getValue()).array());
  }

  /**
   * Reads a recipe to the end of the stream; does not close the stream.
   *
   * @param literals takes the literal bytes as they are in the blob, one zstd frame; what it got is
   *     good for nothing before this has returned
   * @param source what the stream comes from, for messages
   * @throws RecipeTooNewException if this Harbour is too old for it
   * @throws CorruptRecipeException if it is something else, truncated or damaged, or breaks a rule
   * @throws IOException if a stream fails
   */
  public static Recipe read(InputStream in, OutputStream literals, String source)
      throws IOException {
    CRC32C checksum = new CRC32C();
    byte[] header = readHeader(in, source);
    int length = headLength(header);
    byte[] head = requireBytes(source, in.readNBytes(length), length);
    checksum.update(header);
    checksum.update(head);
    copyLiterals(in, literals, checksum, source);
    try {
      return decode(inflate(head, source));
    } catch (BrokenRuleException e) {
      throw new CorruptRecipeException(source, e.reason());
    }
  }

  /** Reads a recipe from a file, as {@link #read(InputStream, OutputStream, String)} does. */
  public static Recipe read(Path file, OutputStream literals) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return read(in, literals, file.toString());
    }
  }

  /**
   * How many bytes the head of a recipe has or inflates to, whichever is more, to know what reading
   * it takes.
   *
   * @param file of the recipe
   * @throws CorruptRecipeException if it does not say that
   */
  public static long headBytes(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      int length = headLength(readHeader(in, file.toString()));
      return Math.max(length, declaredBytes(in.readNBytes(MAX_FRAME_HEADER), file.toString()));
    }
  }

  /** Opens the literal bytes of a recipe that was read before, as they are in its file. */
  public static InputStream openLiterals(Path file) throws IOException {
    InputStream in = Files.newInputStream(file);
    try {
      int head = headLength(readHeader(in, file.toString()));
      in.skipNBytes(head);
      return BoundedInputStream.builder()
          .setInputStream(in)
          .setMaxCount(Files.size(file) - HEADER_BYTES - head - FOOTER_BYTES)
          .get();
    } catch (IOException e) {
      in.close();
      throw e;
    }
  }

  private static byte[] readHeader(InputStream in, String source) throws IOException {
    byte[] header = in.readNBytes(HEADER_BYTES);
    if (header.length < MAGIC.length || !Arrays.equals(header, 0, 8, MAGIC, 0, 8)) {
      throw new CorruptRecipeException(source, "it does not begin with the magic number");
    }
    requireBytes(source, header, HEADER_BYTES);
    ByteBuffer numbers = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
    int version = numbers.getInt(8);
    if (Integer.compareUnsigned(version, VERSION) > 0) {
      throw new RecipeTooNewException(source, Integer.toUnsignedLong(version));
    }
    if (version == 0) {
      throw new CorruptRecipeException(source, "there is no version 0");
    }
    long length = Integer.toUnsignedLong(numbers.getInt(12));
    if (length > Limits.PAYLOAD_BYTES) {
      throw new CorruptRecipeException(
          source,
          "it declares a head of %d bytes, more than %d".formatted(length, Limits.PAYLOAD_BYTES));
    }
    return header;
  }

  /** Length of the head as it is, compressed. */
  private static int headLength(byte[] header) {
    return ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).getInt(12);
  }

  /** How long a zstd frame says that its content is, at its beginning. */
  private static long declaredBytes(byte[] frame, String source) throws CorruptRecipeException {
    long declared = Zstd.getFrameContentSize(frame);
    if (declared <= 0) {
      throw new CorruptRecipeException(source, "its head does not say what it inflates to");
    }
    if (declared > Limits.PAYLOAD_BYTES) {
      throw new CorruptRecipeException(
          source, "its head inflates to more than %d bytes".formatted(Limits.PAYLOAD_BYTES));
    }
    return declared;
  }

  /** Copies all but the footer, and checks that. */
  private static void copyLiterals(
      InputStream in, OutputStream literals, CRC32C checksum, String source) throws IOException {
    byte[] buffer = new byte[BUFFER + FOOTER_BYTES];
    int held = 0;
    for (int read = in.read(buffer, 0, BUFFER); read >= 0; read = in.read(buffer, held, BUFFER)) {
      int filled = held + read;
      held = Math.min(FOOTER_BYTES, filled);
      write(buffer, filled - held, checksum, literals);
      System.arraycopy(buffer, filled - held, buffer, 0, held);
    }
    requireBytes(source, Arrays.copyOf(buffer, held), FOOTER_BYTES);
    int expected = ByteBuffer.wrap(buffer).order(ByteOrder.LITTLE_ENDIAN).getInt();
    if ((int) checksum.getValue() != expected) {
      throw new CorruptRecipeException(
          source,
          "its checksum is %08x and its footer says %08x"
              .formatted((int) checksum.getValue(), expected));
    }
  }

  private static byte[] inflate(byte[] head, String source) throws IOException {
    int declared = (int) declaredBytes(head, source);
    byte[] payload;
    // grows with what comes out, whatever the frame declares
    try (InputStream inflated = new ZstdInputStream(new ByteArrayInputStream(head))) {
      payload = inflated.readNBytes(declared + 1);
    } catch (IOException e) {
      throw new CorruptRecipeException(source, "its head can't be inflated: " + e.getMessage());
    }
    if (payload.length != declared) {
      throw new CorruptRecipeException(
          source, "its head does not inflate to the %d bytes that it says".formatted(declared));
    }
    return payload;
  }

  private static void requireWritable(byte[] payload) throws InvalidRecipeException {
    try {
      require(
          payload.length <= Limits.PAYLOAD_BYTES,
          "the recipe's head takes %d bytes, more than %d",
          payload.length,
          Limits.PAYLOAD_BYTES);
      decode(payload);
    } catch (BrokenRuleException e) {
      throw new InvalidRecipeException(e.reason());
    }
  }

  private static RecipeHead encode(Recipe recipe) {
    RecipeHead.Builder head =
        RecipeHead.newBuilder()
            .setManifest(ByteString.copyFrom(recipe.manifest().bytes()))
            .setManifestMediaType(ByteString.copyFromUtf8(recipe.manifest().mediaType()))
            .setConfig(ByteString.copyFrom(recipe.config()))
            .setIndexContents(ByteString.copyFrom(recipe.indexContents().toBytes()))
            .setLayers(LayerColumns.encode(recipe.layers()))
            .setHidden(ContentColumns.encode(recipe.hidden().contents()))
            .setPacks(PackColumns.encode(recipe.hidden().packs(), recipe.hidden().frames()));
    recipe
        .list()
        .ifPresent(
            list ->
                head.setList(ByteString.copyFrom(list.bytes()))
                    .setListMediaType(ByteString.copyFromUtf8(list.mediaType())));
    return head.build();
  }

  private static Recipe decode(byte[] payload) throws BrokenRuleException {
    WireMessage head = WireMessage.of(payload);
    PackColumns packColumns = new PackColumns(head.message(RecipeHead.PACKS_FIELD_NUMBER));
    List<Pack> packs = packColumns.packs();
    List<Frame> frames = packColumns.frames();
    List<FileContent> hiddenContents =
        new ContentColumns(head.message(RecipeHead.HIDDEN_FIELD_NUMBER)).contents();
    StoredContents hidden = new StoredContents(hiddenContents, frames, packs);
    new ContentRules(hidden).check();
    ByteColumn contents = head.bytes(RecipeHead.INDEX_CONTENTS_FIELD_NUMBER);
    require(contents.remaining() == Digest.BYTES, "it does not say to which contents it belongs");
    Document list =
        document(head, RecipeHead.LIST_FIELD_NUMBER, RecipeHead.LIST_MEDIA_TYPE_FIELD_NUMBER);
    return new Recipe(
        document(
            head, RecipeHead.MANIFEST_FIELD_NUMBER, RecipeHead.MANIFEST_MEDIA_TYPE_FIELD_NUMBER),
        all(head.bytes(RecipeHead.CONFIG_FIELD_NUMBER)),
        list.bytes().length == 0 ? Optional.empty() : Optional.of(list),
        contents.nextDigest(),
        List.copyOf(new LayerColumns(head.message(RecipeHead.LAYERS_FIELD_NUMBER)).layers()),
        hidden);
  }

  private static Document document(WireMessage head, int bytes, int mediaType)
      throws BrokenRuleException {
    return new Document(
        new String(all(head.bytes(mediaType)), StandardCharsets.UTF_8), all(head.bytes(bytes)));
  }

  private static byte[] all(ByteColumn column) throws BrokenRuleException {
    return column.next(column.remaining());
  }

  private static byte[] requireBytes(String source, byte[] read, int length)
      throws CorruptRecipeException {
    if (read.length < length) {
      throw new CorruptRecipeException(
          source,
          "it is truncated, %d of %d bytes are there for one part of it"
              .formatted(read.length, length));
    }
    return read;
  }

  private static void write(byte[] bytes, int length, CRC32C checksum, OutputStream out)
      throws IOException {
    checksum.update(bytes, 0, length);
    out.write(bytes, 0, length);
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
