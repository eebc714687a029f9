package io.imageharbour.indexer.layer;

import io.imageharbour.indexer.LayerRecipe.Extent;
import io.imageharbour.indexer.layer.TarEntry.Type;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Reads a layer's tar archive from front to back, and takes what containerd takes: ustar, PAX, old
 * GNU, star and V7 headers, PAX sparse files. Names and attribute values stay bytes; the libraries
 * for Java decode both as text, which damages file capabilities and names that are not UTF-8.
 *
 * <p>Memory is bounded: a special header (PAX records, a long name) is refused beyond {@link
 * #MAX_SPECIAL_SIZE}. For one thread.
 */
public final class TarReader {

  /** The largest PAX header or long name that is read, in bytes: 1 MiB, as Go has it. */
  public static final int MAX_SPECIAL_SIZE = 1 << 20;

  /** The largest file, in bytes: 1 TiB. */
  public static final long MAX_FILE_SIZE = 1L << 40;

  private static final int BLOCK = TarHeader.SIZE;

  private final InputStream in;
  private final byte[] lastBlock = new byte[BLOCK];

  /** Bytes of the current member that were not read yet, and what fills its last block. */
  private long unread;

  private long padding;

  private InputStream content = InputStream.nullInputStream();
  private List<Extent> extents = List.of();
  private long entries;

  /**
   * @param in the archive, uncompressed; best buffered, for headers are read one by one
   */
  public TarReader(InputStream in) {
    this.in = in;
  }

  /**
   * Goes on to the next entry, past what was not read of the current one's content.
   *
   * @return empty at the end of the archive
   * @throws MalformedLayerException if what follows is no entry
   */
  public Optional<TarEntry> next() throws IOException {
    try {
      return nextEntry();
    } catch (IllegalArgumentException e) {
      throw new MalformedLayerException(
          "Entry " + (entries + 1) + " of the archive is malformed: " + e.getMessage(), e);
    } catch (EOFException e) {
      throw truncated(e);
    }
  }

  /** The content of the current entry, until the next call of {@link #next}. */
  public InputStream content() {
    return content;
  }

  /**
   * Which parts of the current entry's content the archive stores; what {@link #content} reads of
   * it stands there, in this order and without anything between.
   *
   * @return none if it stores all of it; otherwise the entry is a sparse file, and at least one
   */
  public List<Extent> extents() {
    return extents;
  }

  private Optional<TarEntry> nextEntry() throws IOException {
    PaxRecords pax = PaxRecords.NONE;
    Optional<byte[]> longName = Optional.empty();
    Optional<byte[]> longLink = Optional.empty();
    while (true) {
      content = InputStream.nullInputStream();
      extents = List.of();
      in.skipNBytes(unread);
      unread = 0;
      // Some writers leave the last block as short as its content; Go's reader takes that for the
      // end.
      long filled = in.readNBytes(lastBlock, 0, (int) padding);
      boolean ended = filled < padding;
      padding = 0;
      Optional<TarHeader> block = ended ? Optional.empty() : readHeader();
      if (block.isEmpty()) {
        return Optional.empty();
      }
      TarHeader header = block.get();
      switch (header.type()) {
        case 'x' -> pax = PaxRecords.parse(readSpecial(header));
        case 'g' ->
            PaxRecords.parse(readSpecial(header)); // means all that follows; nobody heeds it
        case 'L' -> longName = Optional.of(untilNul(readSpecial(header)));
        case 'K' -> longLink = Optional.of(untilNul(readSpecial(header)));
        default -> {
          entries++;
          return Optional.of(entry(header, pax, longName, longLink));
        }
      }
    }
  }

  private TarEntry entry(
      TarHeader header, PaxRecords pax, Optional<byte[]> longName, Optional<byte[]> longLink)
      throws IOException {
    byte[] name = longName.or(() -> pax.path("path")).orElseGet(header::name);
    byte[] linkName = longLink.or(() -> pax.path("linkpath")).orElseGet(header::linkName);
    Type type = type(header.type(), name);
    long size = type == Type.REGULAR_FILE ? checkSize(pax.number("size", header.size())) : 0;
    unread = size;
    padding = padding(size);
    InputStream stored = new StoredContent(size);
    content = stored;
    if (type == Type.REGULAR_FILE) {
      Optional<SparseFile> sparse = SparseFile.detect(pax, stored);
      if (sparse.isPresent()) {
        name = pax.path("GNU.sparse.name").orElse(name);
        size = checkSize(sparse.get().size());
        content = sparse.get();
        extents = sparse.get().extents();
      }
    }
    PaxTime mtime =
        pax.bytes("mtime").map(PaxTime::parse).orElseGet(() -> new PaxTime(header.mtime(), 0));
    return new TarEntry(
        name,
        type,
        (int) (header.mode() & 07777),
        pax.number("uid", header.uid()),
        pax.number("gid", header.gid()),
        size,
        mtime.seconds(),
        mtime.nanos(),
        type == Type.HARD_LINK || type == Type.SYMBOLIC_LINK ? linkName : new byte[0],
        header.major(),
        header.minor(),
        pax.xattrs());
  }

  private static Type type(char flag, byte[] name) {
    return switch (flag) {
      // before POSIX a directory was a file whose name ends with a slash
      case 0 ->
          name.length > 0 && name[name.length - 1] == '/' ? Type.DIRECTORY : Type.REGULAR_FILE;
      case '0' -> Type.REGULAR_FILE;
      case '1' -> Type.HARD_LINK;
      case '2' -> Type.SYMBOLIC_LINK;
      case '3' -> Type.CHARACTER_DEVICE;
      case '4' -> Type.BLOCK_DEVICE;
      case '5' -> Type.DIRECTORY;
      case '6' -> Type.FIFO;
      default ->
          throw new IllegalArgumentException(
              printable(name)
                  + " has the type "
                  + (flag > ' ' && flag < 127 ? "'" + flag + "'" : "" + (int) flag)
                  + ", which containerd does not unpack either");
    };
  }

  private static long checkSize(long size) {
    if (size < 0 || size > MAX_FILE_SIZE) {
      throw new IllegalArgumentException(
          "a file of " + size + " bytes; at most " + MAX_FILE_SIZE + " are supported");
    }
    return size;
  }

  /** One zero block and the end, two zero blocks, or just the end: all of them end an archive. */
  private Optional<TarHeader> readHeader() throws IOException {
    Optional<TarHeader> header = readBlock();
    if (header.isPresent() && header.get().isZero()) {
      Optional<TarHeader> second = readBlock();
      if (second.isPresent() && !second.get().isZero()) {
        throw new IllegalArgumentException("a zero block stands where a header should be");
      }
      return Optional.empty();
    }
    if (header.isPresent() && !header.get().hasRightChecksum()) {
      throw new IllegalArgumentException("its header's checksum is wrong");
    }
    return header;
  }

  private Optional<TarHeader> readBlock() throws IOException {
    byte[] block = new byte[BLOCK];
    int read = in.readNBytes(block, 0, BLOCK);
    if (read == 0) {
      return Optional.empty();
    }
    if (read < BLOCK) {
      throw new EOFException();
    }
    return Optional.of(new TarHeader(block));
  }

  private byte[] readSpecial(TarHeader header) throws IOException {
    long size = header.size();
    if (size < 0 || size > MAX_SPECIAL_SIZE) {
      throw new IllegalArgumentException(
          "a special header of " + size + " bytes; at most " + MAX_SPECIAL_SIZE + " are read");
    }
    byte[] bytes = in.readNBytes((int) size);
    if (bytes.length < size) {
      throw new EOFException();
    }
    in.skipNBytes(padding(size));
    return bytes;
  }

  private MalformedLayerException truncated(EOFException e) {
    return new MalformedLayerException(
        "The archive ends in the middle of entry " + Math.max(1, entries) + "; it is truncated", e);
  }

  private static byte[] untilNul(byte[] text) {
    int end = 0;
    while (end < text.length && text[end] != 0) {
      end++;
    }
    return Arrays.copyOf(text, end);
  }

  private static long padding(long size) {
    return -size & (BLOCK - 1);
  }

  /** A path from an archive, fit for one line of a message. */
  public static String printable(byte[] path) {
    String text = new String(path, 0, Math.min(path.length, 200), StandardCharsets.UTF_8);
    return '"' + text.replaceAll("\\p{Cntrl}", "?") + (path.length > 200 ? "…\"" : "\"");
  }

  /** What the archive holds of the current entry. */
  private final class StoredContent extends InputStream {

    private long left;

    StoredContent(long size) {
      this.left = size;
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
      if (left == 0) {
        return -1;
      }
      int read = in.read(bytes, offset, (int) Math.min(length, left));
      if (read < 0) {
        throw truncated(new EOFException());
      }
      left -= read;
      unread -= read;
      return read;
    }
  }
}
