package io.imageharbour.fusefs.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** FUSE mounts that nobody serves any more. */
public final class StaleMounts {

  private static final Logger log = LoggerFactory.getLogger(StaleMounts.class);

  private static final Path CONNECTIONS = Path.of("/sys/fs/fuse/connections");

  private StaleMounts() {}

  /**
   * Takes away what is mounted on a directory, and aborts the FUSE connections behind it. The
   * kernel does that by itself when the last process with the descriptor has ended, but a process
   * that was killed while it waited for an answer of its own can't end before its connection is
   * aborted.
   */
  public static void remove(Path target) throws IOException {
    for (MountTable.Mount mount : MountTable.on(target).reversed()) {
      if (mount.type().startsWith("fuse")) {
        abort(mount);
      }
      Mounts.unmountLazily(target);
    }
  }

  private static void abort(MountTable.Mount mount) {
    try {
      if (MountTable.on(CONNECTIONS).isEmpty()) {
        Mounts.mount("fusectl", CONNECTIONS, "fusectl", 0, "");
      }
      Path abort = CONNECTIONS.resolve(Integer.toString(mount.minor())).resolve("abort");
      if (Files.exists(abort)) {
        Files.writeString(abort, "1");
      }
    } catch (IOException e) {
      // the unmount alone is enough for nearly all of them
      log.warn(
          "event=stale-mount-not-aborted target={} cause=\"{}\"", mount.target(), e.toString());
    }
  }
}
