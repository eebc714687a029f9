package io.imageharbour.fusefs.table;

import java.nio.ByteBuffer;

/**
 * A value of the rows database.
 *
 * @param row number of the content
 * @param references how many images need it
 */
record RowReferences(long row, int references) {

  static final int BYTES = Long.BYTES + Integer.BYTES;

  static RowReferences read(ByteBuffer from) {
    return new RowReferences(from.getLong(), from.getInt());
  }

  void write(ByteBuffer target) {
    target.putLong(row).putInt(references);
  }
}
