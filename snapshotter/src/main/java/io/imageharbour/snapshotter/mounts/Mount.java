package io.imageharbour.snapshotter.mounts;

import java.util.List;

/**
 * One call of mount(2) that a client is to make.
 *
 * @param type file system type, or {@code bind}
 * @param source directory or device
 * @param options in the style of fstab
 */
public record Mount(String type, String source, List<String> options) {

  public Mount {
    options = List.copyOf(options);
  }
}
