package io.imageharbour.fusefs.table;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.imageharbour.indexer.Digest;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.LongPredicate;

/**
 * What the table keeps of an image, so that it can be removed. Written as
 *
 * <pre>
 * | number(8) | name length(4) | name | origins(4) | length(4) origin, … | packs(4) | pack(4), … | rows(4) | row(8), … |
 * </pre>
 *
 * @param number never used again for another image
 * @param name that the caller gave
 * @param origins the repositories to ask for its packs
 * @param packs the numbers of its packs
 * @param rows its contents; empty in a record that was read without them
 */
record ImageRecord(
    long number, String name, List<String> origins, List<Integer> packs, long[] rows) {

  ImageRecord {
    origins = List.copyOf(origins);
    packs = List.copyOf(packs);
  }

  /** The key of an image: names may be longer than LMDB's keys. */
  static ByteBuffer key(String name) {
    return key(ByteBuffer.allocateDirect(Digest.BYTES), name);
  }

  /** The same, in a buffer of at least {@link Digest#BYTES}. */
  static ByteBuffer key(ByteBuffer target, String name) {
    return Bytes.put(target, Digest.sha256(name.getBytes(UTF_8))).flip();
  }

  ByteBuffer write() {
    byte[] nameBytes = name.getBytes(UTF_8);
    List<byte[]> originBytes = origins.stream().map(origin -> origin.getBytes(UTF_8)).toList();
    int length =
        Math.toIntExact(
            Long.BYTES
                + 4L * Integer.BYTES
                + nameBytes.length
                + originBytes.stream().mapToLong(bytes -> Integer.BYTES + bytes.length).sum()
                + (long) Integer.BYTES * packs.size()
                + (long) Long.BYTES * rows.length);
    ByteBuffer record = ByteBuffer.allocateDirect(length);
    record.putLong(number);
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
    long number = from.getLong();
    String name = TableFile.text(from, from.getInt());
    List<String> origins = new ArrayList<>();
    for (int left = from.getInt(); left > 0; left--) {
      origins.add(TableFile.text(from, from.getInt()));
    }
    List<Integer> packs = new ArrayList<>();
    for (int left = from.getInt(); left > 0; left--) {
      packs.add(from.getInt());
    }
    return new ImageRecord(number, name, origins, packs, new long[0]);
  }

  static ImageRecord read(ByteBuffer from) {
    ImageRecord head = readHead(from);
    long[] rows = new long[from.getInt()];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = from.getLong();
    }
    return new ImageRecord(head.number, head.name, head.origins, head.packs, rows);
  }

  /** The first of these rows that a record has, without reading the others onto the heap. */
  static OptionalLong firstRow(ByteBuffer record, LongPredicate isWanted) {
    readHead(record);
    for (int left = record.getInt(); left > 0; left--) {
      long row = record.getLong();
      if (isWanted.test(row)) {
        return OptionalLong.of(row);
      }
    }
    return OptionalLong.empty();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ImageRecord that
        && number == that.number
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
