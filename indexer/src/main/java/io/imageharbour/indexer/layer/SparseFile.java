package io.imageharbour.indexer.layer;

import io.imageharbour.indexer.LayerRecipe.Extent;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The content of a file that GNU tar stored without its holes, holes filled in again: versions 0.0
 * and 0.1 (the map is in the PAX records) and 1.0 (the map precedes the data).
 *
 * @see <a href="https://www.gnu.org/software/tar/manual/html_node/PAX-0.html">GNU tar, storing
 *     sparse files</a>
 */
final class SparseFile extends InputStream {

  private static final int MAX_EXTENTS = 1 << 20;

  private final InputStream stored;
  private final long size;

  /** Offset and length of every extent of data, one after the other. */
  private final long[] extents;

  private long position;
  private int extent;

  private SparseFile(InputStream stored, long size, long[] extents) {
    this.stored = stored;
    this.size = size;
    this.extents = extents;
    long end = 0;
    for (int i = 0; i < extents.length; i += 2) {
      if (extents[i] < end || extents[i + 1] < 0 || extents[i + 1] > size - extents[i]) {
        throw new IllegalArgumentException("the map of a sparse file is impossible");
      }
      end = extents[i] + extents[i + 1];
    }
  }

  /** The expanded file, if the records say that this one is stored sparse. */
  static Optional<SparseFile> detect(PaxRecords pax, InputStream stored) throws IOException {
    String version = pax.text("GNU.sparse.major") + "." + pax.text("GNU.sparse.minor");
    boolean mapInRecords = pax.bytes(PaxRecords.SPARSE_MAP).isPresent();
    if (!version.equals("1.0") && !mapInRecords) {
      return Optional.empty();
    }
    long size = pax.number("GNU.sparse.size", pax.number("GNU.sparse.realsize", 0));
    long[] map =
        version.equals("1.0") ? readMap(stored) : parseMap(pax.text(PaxRecords.SPARSE_MAP));
    return Optional.of(new SparseFile(stored, size, map));
  }

  long size() {
    return size;
  }

  /** The extents that have data; one without bytes if there are none. */
  List<Extent> extents() {
    List<Extent> stored = new ArrayList<>();
    for (int i = 0; i < extents.length; i += 2) {
      if (extents[i + 1] > 0) {
        stored.add(new Extent(extents[i], extents[i + 1]));
      }
    }
    return stored.isEmpty() ? List.of(new Extent(0, 0)) : stored;
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
    while (extent < extents.length && position == extents[extent] + extents[extent + 1]) {
      extent += 2;
    }
    if (position == size) {
      return -1;
    }
    boolean inData = extent < extents.length && position >= extents[extent];
    long end = size;
    if (extent < extents.length) {
      end = inData ? extents[extent] + extents[extent + 1] : extents[extent];
    }
    int count = (int) Math.min(length, end - position);
    if (inData) {
      count = stored.read(bytes, offset, count);
      if (count < 0) {
        throw new MalformedLayerException("A sparse file has less data than its map says");
      }
    } else {
      Arrays.fill(bytes, offset, offset + count, (byte) 0);
    }
    position += count;
    return count;
  }

  private static long[] parseMap(String map) {
    String[] numbers = map.split(",", -1);
    if (numbers.length % 2 != 0 || numbers.length > 2 * MAX_EXTENTS) {
      throw new IllegalArgumentException("the map of a sparse file is incomplete");
    }
    return Arrays.stream(numbers).mapToLong(SparseFile::number).toArray();
  }

  private static long[] readMap(InputStream stored) throws IOException {
    MapText text = new MapText(stored);
    long count = text.number();
    if (count > MAX_EXTENTS) {
      throw new IllegalArgumentException("the map of a sparse file has " + count + " extents");
    }
    // grows with what is really there, whatever the first line claims
    long[] extents = new long[0];
    for (int i = 0; i < 2 * count; i++) {
      if (i == extents.length) {
        extents = Arrays.copyOf(extents, Math.max(16, 2 * i));
      }
      extents[i] = text.number();
    }
    text.skipPadding();
    return Arrays.copyOf(extents, (int) (2 * count));
  }

  private static long number(String digits) {
    try {
      long number = Long.parseLong(digits);
      if (number >= 0) {
        return number;
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("the map of a sparse file holds no numbers", e);
    }
    throw new IllegalArgumentException("the map of a sparse file holds a negative number");
  }

  /** Lines of numbers that fill whole blocks. */
  private static final class MapText {

    private final InputStream in;
    private long consumed;

    MapText(InputStream in) {
      this.in = in;
    }

    long number() throws IOException {
      StringBuilder digits = new StringBuilder();
      for (int c = next(); c != '\n'; c = next()) {
        if (digits.length() == 20) {
          throw new IllegalArgumentException("the map of a sparse file has an endless line");
        }
        digits.append((char) c);
      }
      return SparseFile.number(digits.toString());
    }

    void skipPadding() throws IOException {
      in.skipNBytes(-consumed & (TarHeader.SIZE - 1));
    }

    private int next() throws IOException {
      int c = in.read();
      if (c < 0) {
        throw new IllegalArgumentException("the map of a sparse file ends early");
      }
      consumed++;
      return c;
    }
  }
}
