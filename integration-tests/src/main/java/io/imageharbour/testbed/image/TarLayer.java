package io.imageharbour.testbed.image;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * Writes a layer as a POSIX tar with extended headers (IEEE Std 1003.1, {@code pax}): names of any
 * bytes, nanosecond times and extended attributes of any bytes, which the usual writers cannot do
 * all at once. Names and values are strings of ISO 8859-1, one character a byte.
 */
public final class TarLayer implements AutoCloseable {

  private static final int BLOCK = 512;
  private static final int NAME_LENGTH = 100;
  private static final String XATTR = "SCHILY.xattr.";

  private final OutputStream out;

  public TarLayer(OutputStream out) {
    this.out = out;
  }

  /**
   * What every entry has besides its name.
   *
   * @param mode permission bits with set-user-ID, set-group-ID and sticky
   * @param xattrs extended attributes by name
   */
  public record Attributes(
      int mode, long uid, long gid, Instant modified, Map<String, String> xattrs) {

    private static final Instant MODIFIED = Instant.parse("2024-02-29T12:34:56.123456789Z");

    public static Attributes of(int mode) {
      return new Attributes(mode, 0, 0, MODIFIED, Map.of());
    }

    public Attributes ownedBy(long user, long group) {
      return new Attributes(mode, user, group, modified, xattrs);
    }

    public Attributes modifiedAt(Instant time) {
      return new Attributes(mode, uid, gid, time, xattrs);
    }

    public Attributes with(String xattr, String value) {
      Map<String, String> more = new LinkedHashMap<>(xattrs);
      more.put(xattr, value);
      return new Attributes(mode, uid, gid, modified, more);
    }
  }

  public void directory(String name, Attributes attributes) throws IOException {
    entry('5', name + "/", attributes, "", 0, 0, 0);
  }

  public void file(String name, Attributes attributes, byte[] content) throws IOException {
    entry('0', name, attributes, "", content.length, 0, 0);
    out.write(content);
    out.write(new byte[-content.length & (BLOCK - 1)]);
  }

  /** A file of several blocks of 1 MiB. */
  void blocks(String name, Attributes attributes, int count, IntFunction<byte[]> mebibyte)
      throws IOException {
    entry('0', name, attributes, "", (long) count << 20, 0, 0);
    for (int i = 0; i < count; i++) {
      out.write(mebibyte.apply(i));
    }
  }

  /** A file of zeros, which the reader may store sparsely. */
  public void zeros(String name, Attributes attributes, long size) throws IOException {
    entry('0', name, attributes, "", size, 0, 0);
    byte[] zeros = new byte[1 << 16];
    long padded = size + (-size & (BLOCK - 1));
    for (long left = padded; left > 0; left -= zeros.length) {
      out.write(zeros, 0, (int) Math.min(left, zeros.length));
    }
  }

  public void symbolicLink(String name, Attributes attributes, String target) throws IOException {
    entry('2', name, attributes, target, 0, 0, 0);
  }

  /** A second name for a file that an earlier entry made. */
  public void hardLink(String name, Attributes attributes, String target) throws IOException {
    entry('1', name, attributes, target, 0, 0, 0);
  }

  public void characterDevice(String name, Attributes attributes, int major, int minor)
      throws IOException {
    entry('3', name, attributes, "", 0, major, minor);
  }

  public void blockDevice(String name, Attributes attributes, int major, int minor)
      throws IOException {
    entry('4', name, attributes, "", 0, major, minor);
  }

  public void fifo(String name, Attributes attributes) throws IOException {
    entry('6', name, attributes, "", 0, 0, 0);
  }

  /** Hides a name of the layers below. */
  public void whiteout(String directory, String name) throws IOException {
    file(directory + "/.wh." + name, Attributes.of(0), new byte[0]);
  }

  /** Hides everything that the layers below have in a directory. */
  public void opaque(String directory) throws IOException {
    whiteout(directory, ".wh..opq");
  }

  /** Writes the end of the archive and closes the stream. */
  @Override
  public void close() throws IOException {
    out.write(new byte[2 * BLOCK]);
    out.close();
  }

  private void entry(
      char type, String name, Attributes attributes, String link, long size, int major, int minor)
      throws IOException {
    ByteArrayOutputStream records = new ByteArrayOutputStream();
    Instant time = attributes.modified;
    if (time.getNano() != 0 || time.getEpochSecond() < 0) {
      record(records, "mtime", decimal(time));
    }
    if (name.length() > NAME_LENGTH) {
      record(records, "path", name);
    }
    if (link.length() > NAME_LENGTH) {
      record(records, "linkpath", link);
    }
    for (Map.Entry<String, String> xattr : attributes.xattrs.entrySet()) {
      record(records, XATTR + xattr.getKey(), xattr.getValue());
    }
    if (records.size() > 0) {
      header('x', "PaxHeaders/" + type, Attributes.of(0644), "", records.size(), 0, 0);
      records.writeTo(out);
      out.write(new byte[-records.size() & (BLOCK - 1)]);
    }
    header(type, name, attributes, link, size, major, minor);
  }

  private void header(
      char type, String name, Attributes attributes, String link, long size, int major, int minor)
      throws IOException {
    byte[] header = new byte[BLOCK];
    text(header, 0, NAME_LENGTH, name);
    octal(header, 100, 8, attributes.mode);
    octal(header, 108, 8, attributes.uid);
    octal(header, 116, 8, attributes.gid);
    octal(header, 124, 12, size);
    octal(header, 136, 12, Math.max(0, attributes.modified.getEpochSecond()));
    Arrays.fill(header, 148, 156, (byte) ' ');
    header[156] = (byte) type;
    text(header, 157, NAME_LENGTH, link);
    text(header, 257, 8, "ustar\00000");
    octal(header, 329, 8, major);
    octal(header, 337, 8, minor);
    int sum = 0;
    for (byte b : header) {
      sum += b & 0xff;
    }
    octal(header, 148, 7, sum);
    out.write(header);
  }

  /** A record is {@code LENGTH KEY=VALUE\n}, and the length counts its own digits. */
  private static void record(ByteArrayOutputStream records, String key, String value) {
    String rest = " " + key + "=" + value + "\n";
    int length = rest.length();
    while (length != rest.length() + String.valueOf(length).length()) {
      length = rest.length() + String.valueOf(length).length();
    }
    records.writeBytes((length + rest).getBytes(StandardCharsets.ISO_8859_1));
  }

  private static String decimal(Instant time) {
    if (time.getEpochSecond() < 0 && time.getNano() != 0) {
      return "-%d.%09d".formatted(-time.getEpochSecond() - 1, 1_000_000_000 - time.getNano());
    }
    return "%d.%09d".formatted(time.getEpochSecond(), time.getNano());
  }

  private static void text(byte[] header, int offset, int length, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    System.arraycopy(bytes, 0, header, offset, Math.min(bytes.length, length));
  }

  private static void octal(byte[] header, int offset, int length, long value) {
    text(header, offset, length, ("%0" + (length - 1) + "o").formatted(value));
  }
}
