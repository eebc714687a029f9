package io.imageharbour.snapshotter.real;

import io.imageharbour.fusefs.linux.MountTable;
import io.imageharbour.fusefs.linux.Mounts;
import java.io.IOException;
import java.nio.file.Path;

/** Takes away what tests have mounted. */
final class Mountpoints {

  private Mountpoints() {}

  static void unmountAllBelow(Path directory) throws IOException {
    for (MountTable.Mount mount : MountTable.read().reversed()) {
      if (mount.target().startsWith(directory)) {
        Mounts.unmountLazily(mount.target());
      }
    }
  }
}
