package io.imageharbour.snapshotter.real;

import io.imageharbour.fusefs.linux.LinuxException;
import io.imageharbour.fusefs.linux.Mounts;
import io.imageharbour.snapshotter.proto.types.Mount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What harbourd told to mount, mounted until it is closed. */
final class TreeMount implements AutoCloseable {

  private final Path target;

  private TreeMount(Path target) {
    this.target = target;
  }

  /** Mounts it on a new directory in this one. */
  static TreeMount of(Mount mount, Path directory) throws IOException {
    Path target = Files.createTempDirectory(directory, "m");
    boolean bind = mount.getType().equals("bind");
    List<String> options = bind ? List.of() : mount.getOptionsList();
    Mounts.mount(
        mount.getSource(),
        target,
        bind ? "none" : mount.getType(),
        bind ? Mounts.MS_BIND | Mounts.MS_REC : 0,
        String.join(",", options));
    return new TreeMount(target);
  }

  Path root() {
    return target;
  }

  @Override
  public void close() throws LinuxException {
    Mounts.unmount(target);
  }
}
