package io.imageharbour.fusefs.mount;

import io.imageharbour.fusefs.kernel.FuseConnection;
import io.imageharbour.fusefs.linux.LinuxException;
import io.imageharbour.fusefs.linux.OpenFile;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * FUSE passthrough, as long as it works: if the kernel refuses a backing file once, files are read
 * through this process from then on, which always works. Safe for use by several threads.
 */
final class BackingFiles {

  private static final Logger log = LoggerFactory.getLogger(BackingFiles.class);

  private final Optional<FuseConnection> connection;
  private volatile boolean works;

  private BackingFiles(Optional<FuseConnection> connection) {
    this.connection = connection;
    works = connection.filter(mount -> mount.negotiated().passthrough()).isPresent();
  }

  /** Those of a mount, if its kernel has passthrough. */
  static BackingFiles of(FuseConnection connection) {
    return new BackingFiles(Optional.of(connection));
  }

  /** None at all: every read goes through this process. */
  static BackingFiles none() {
    return new BackingFiles(Optional.empty());
  }

  boolean works() {
    return works;
  }

  /** Registers a file with the kernel; {@link OpenNode#NO_BACKING} if passthrough does not work. */
  int register(OpenFile file) {
    if (!works) {
      return OpenNode.NO_BACKING;
    }
    try {
      return connection.orElseThrow().openBacking(file);
    } catch (LinuxException e) {
      works = false;
      log.warn("event=passthrough-off cause=\"{}\"", e.getMessage());
      return OpenNode.NO_BACKING;
    }
  }

  void unregister(int backing) {
    try {
      connection.orElseThrow().closeBacking(backing);
    } catch (LinuxException e) {
      // after the end of the mount the kernel has let go of it by itself
      log.debug("event=backing-not-closed cause=\"{}\"", e.getMessage());
    }
  }
}
