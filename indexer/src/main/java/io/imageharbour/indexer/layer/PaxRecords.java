package io.imageharbour.indexer.layer;

import io.imageharbour.indexer.Xattr;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The records of one PAX extended header: {@code LENGTH KEY=VALUE\n}. Values stay bytes: a file
 * capability is no UTF-8, and a path need not be.
 *
 * @see <a href="https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html">POSIX, pax</a>
 */
final class PaxRecords {

  static final PaxRecords NONE = new PaxRecords(Map.of());

  private static final String XATTR_PREFIX = "SCHILY.xattr.";
  private static final String SPARSE_OFFSET = "GNU.sparse.offset";
  private static final String SPARSE_LENGTH = "GNU.sparse.numbytes";
  static final String SPARSE_MAP = "GNU.sparse.map";

  private final Map<String, byte[]> values;

  private PaxRecords(Map<String, byte[]> values) {
    this.values = values;
  }

  /**
   * Reads all records.
   *
   * @throws IllegalArgumentException if they are malformed; the message says how
   */
  static PaxRecords parse(byte[] header) {
    Map<String, byte[]> values = new LinkedHashMap<>();
    List<String> sparseMap = new ArrayList<>();
    int position = 0;
    while (position < header.length) {
      int space = position;
      int length = 0;
      while (space < header.length && header[space] != ' ') {
        length = appendDigit(length, header[space++]);
      }
      int end = position + length;
      int equals = indexOf(header, '=', space + 1, Math.min(end, header.length));
      if (space == position || end > header.length || equals <= space + 1) {
        throw new IllegalArgumentException("a PAX record has an impossible length or no key");
      }
      if (header[end - 1] != '\n') {
        throw new IllegalArgumentException("a PAX record does not end with a new line");
      }
      String key = utf8(header, space + 1, equals);
      byte[] value = Arrays.copyOfRange(header, equals + 1, end - 1);
      if (key.indexOf('\0') >= 0) {
        throw new IllegalArgumentException("a PAX key holds a NUL");
      }
      if (key.equals(SPARSE_OFFSET) || key.equals(SPARSE_LENGTH)) {
        // version 0.0 of GNU's sparse format repeats these two, in turn
        if (key.equals(SPARSE_OFFSET) != (sparseMap.size() % 2 == 0)) {
          throw new IllegalArgumentException("the PAX records of a sparse file are out of order");
        }
        sparseMap.add(new String(value, StandardCharsets.ISO_8859_1));
      } else {
        values.put(key, value);
      }
      position = end;
    }
    if (!sparseMap.isEmpty()) {
      values.put(SPARSE_MAP, String.join(",", sparseMap).getBytes(StandardCharsets.ISO_8859_1));
    }
    return new PaxRecords(values);
  }

  /** A value that is not empty: an empty one means that the record takes nothing's place. */
  Optional<byte[]> bytes(String key) {
    return Optional.ofNullable(values.get(key)).filter(value -> value.length > 0);
  }

  /** A value that must not hold a NUL, because it is a path. */
  Optional<byte[]> path(String key) {
    Optional<byte[]> path = bytes(key);
    path.ifPresent(
        bytes -> {
          if (indexOf(bytes, 0, 0, bytes.length) >= 0) {
            throw new IllegalArgumentException("the PAX record " + key + " holds a NUL");
          }
        });
    return path;
  }

  /** A value as text. */
  String text(String key) {
    return bytes(key).map(value -> new String(value, StandardCharsets.UTF_8)).orElse("");
  }

  /** A whole decimal number, or what stands in the header. */
  long number(String key, long otherwise) {
    Optional<byte[]> value = bytes(key);
    if (value.isEmpty()) {
      return otherwise;
    }
    try {
      return Long.parseLong(text(key));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("the PAX record " + key + " is no number", e);
    }
  }

  /** The extended attributes, in the order of the records. */
  List<Xattr> xattrs() {
    List<Xattr> xattrs = new ArrayList<>();
    values.forEach(
        (key, value) -> {
          if (key.startsWith(XATTR_PREFIX)) {
            xattrs.add(new Xattr(key.substring(XATTR_PREFIX.length()), value));
          }
        });
    return xattrs;
  }

  private static int appendDigit(int number, byte digit) {
    if (digit < '0' || digit > '9' || number > TarReader.MAX_SPECIAL_SIZE) {
      throw new IllegalArgumentException("a PAX record does not begin with its length");
    }
    return number * 10 + digit - '0';
  }

  private static int indexOf(byte[] bytes, int wanted, int from, int to) {
    for (int i = from; i < to; i++) {
      if (bytes[i] == wanted) {
        return i;
      }
    }
    return -1;
  }

  private static String utf8(byte[] bytes, int from, int to) {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(bytes, from, to - from))
          .toString();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("a PAX key is not UTF-8", e);
    }
  }
}
