package io.imageharbour.indexer.pack;

import io.imageharbour.indexer.Pack;
import org.jspecify.annotations.Nullable;

/**
 * A frame in a pack of a registry, or on its way into a new one. Where a new one lies is known when
 * {@link PackWriter#finishPack} has returned; asking before is a mistake of the caller.
 */
public final class PackedFrame {

  private final boolean isNew;
  private int size;
  private volatile @Nullable Placement placement;

  private record Placement(Pack pack, long offset, int compressedSize) {}

  private PackedFrame(boolean isNew) {
    this.isNew = isNew;
  }

  /** A frame of a pack that exists; parameters as in {@link io.imageharbour.indexer.Frame}. */
  public static PackedFrame known(Pack pack, long offset, int compressedSize, int size) {
    PackedFrame frame = new PackedFrame(false);
    frame.size = size;
    frame.placement = new Placement(pack, offset, compressedSize);
    return frame;
  }

  static PackedFrame unplaced() {
    return new PackedFrame(true);
  }

  /** Whether it was written now, rather than found. */
  public boolean isNew() {
    return isNew;
  }

  /** Length of what it inflates to, in bytes. */
  public int size() {
    return size;
  }

  /** The pack that holds it. */
  public Pack pack() {
    return placed().pack();
  }

  /** Where it begins in the pack, in bytes. */
  public long offset() {
    return placed().offset();
  }

  /** Its length in the pack, in bytes. */
  public int compressedSize() {
    return placed().compressedSize();
  }

  void setSize(int uncompressed) {
    size = uncompressed;
  }

  void place(Pack pack, long offset, int compressedSize) {
    placement = new Placement(pack, offset, compressedSize);
  }

  private Placement placed() {
    Placement known = placement;
    if (known == null) {
      throw new IllegalStateException("the frame's pack is not finished");
    }
    return known;
  }
}
