package io.imageharbour.fusefs.table;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.imageharbour.indexer.Digest;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What the table keeps of an image, so that it can be removed. Written as
 *
 * <pre>
 * | name length(4) | name | origins(4) | length(4) origin, … | packs(4) | pack(4), … | rows(4) | row(8), … |
 * </pre>
 *
 * @param name that the caller gave
 * @param origins the repositories to ask for its packs
 * @param packs the numbers of its packs
 * @param rows its contents; empty in a record that was read without them
 */
record ImageRecord(String name, List<String> origins, List<Integer> packs, long[] rows) {

  ImageRecord {
    origins = List.copyOf(origins);
    packs = List.copyOf(packs);
  }

  /** The key of an image: names may be longer than LMDB's keys. */
  static ByteBuffer key(String name) {
    return Bytes.put(ByteBuffer.allocateDirect(Digest.BYTES), Digest.sha256(name.getBytes(UTF_8)))
        .flip();
  }

  ByteBuffer write() {
    byte[] nameBytes = name.getBytes(UTF_8);
    List<byte[]> originBytes = origins.stream().map(origin -> origin.getBytes(UTF_8)).toList();
    int length =
        Math.toIntExact(
            4L * Integer.BYTES
                + nameBytes.length
                + originBytes.stream().mapToLong(bytes -> Integer.BYTES + bytes.length).sum()
                + (long) Integer.BYTES * packs.size()
                + (long) Long.BYTES * rows.length);
    ByteBuffer record = ByteBuffer.allocateDirect(length);
    record.putInt(nameBytes.length).put(nameBytes).putInt(originBytes.size());
    originBytes.forEach(bytes -> record.putInt(bytes.length).put(bytes));
    record.putInt(packs.size());
    packs.forEach(record::putInt);
    record.putInt(rows.length);
    for (long row : rows) {
      record.putLong(row);
    }
    return record.flip();
  }

  /** Reads a record without its rows, which only a removal needs. */
  static ImageRecord readHead(ByteBuffer from) {
    String name = TableFile.text(from, from.getInt());
    List<String> origins = new ArrayList<>();
    for (int left = from.getInt(); left > 0; left--) {
      origins.add(TableFile.text(from, from.getInt()));
    }
    List<Integer> packs = new ArrayList<>();
    for (int left = from.getInt(); left > 0; left--) {
      packs.add(from.getInt());
    }
    return new ImageRecord(name, origins, packs, new long[0]);
  }

  static ImageRecord read(ByteBuffer from) {
    ImageRecord head = readHead(from);
    long[] rows = new long[from.getInt()];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = from.getLong();
    }
    return new ImageRecord(head.name, head.origins, head.packs, rows);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ImageRecord that
        && name.equals(that.name)
        && origins.equals(that.origins)
        && packs.equals(that.packs)
        && Arrays.equals(rows, that.rows);
  }

  @Override
  public int hashCode() {
    return name.hashCode();
  }
}
