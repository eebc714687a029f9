package io.imageharbour.snapshotter.mounts;

import java.util.List;

/**
 * How this kernel mounts index snapshots; found out by trying.
 *
 * @param backing how it takes EROFS images
 * @param overlayOptions what it needs to follow files into data-only layers, such as {@code
 *     metacopy=on}
 */
public record IndexMounting(ErofsBacking backing, List<String> overlayOptions) {

  public IndexMounting {
    overlayOptions = List.copyOf(overlayOptions);
  }
}
