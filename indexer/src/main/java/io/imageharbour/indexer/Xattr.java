package io.imageharbour.indexer;

import java.util.Arrays;

/**
 * An extended attribute. The arrays belong to the record and are not to be changed.
 *
 * @param name the full name with its namespace, such as {@code security.capability}; 1 to 255 bytes
 *     of UTF-8
 * @param value the value, at most 64 KiB
 */
public record Xattr(String name, byte[] value) {

  /** The longest value that Linux takes ({@code XATTR_SIZE_MAX}), in bytes. */
  public static final int MAX_VALUE_BYTES = 64 * 1024;

  @Override
  public boolean equals(Object other) {
    return other instanceof Xattr that
        && name.equals(that.name)
        && Arrays.equals(value, that.value);
  }

  @Override
  public int hashCode() {
    return 31 * name.hashCode() + Arrays.hashCode(value);
  }

  @Override
  public String toString() {
    return name + "=" + value.length + " bytes";
  }
}
