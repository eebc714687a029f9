package io.imageharbour.indexer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;

/**
 * An extended attribute. The arrays belong to the record and are not to be changed.
 *
 * @param name the full name with its namespace, such as {@code security.capability}; 1 to 255 bytes
 *     of UTF-8
 * @param value the value, at most {@link #MAX_VALUE_BYTES}
 */
public record Xattr(String name, byte[] value) {

  /** The longest name that Linux takes ({@code XATTR_NAME_MAX}), in bytes. */
  public static final int MAX_NAME_BYTES = 255;

  /**
   * The longest value that an image can carry, in bytes. Linux takes one more ({@code
   * XATTR_SIZE_MAX} is 64 KiB), but EROFS keeps the length in 16 bits.
   */
  public static final int MAX_VALUE_BYTES = 65_535;

  /** The order of attributes in {@link Metadata}: by the UTF-8 bytes of their names, unsigned. */
  public static final Comparator<Xattr> NAME_ORDER =
      Comparator.comparing(
          xattr -> xattr.name().getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned);

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
