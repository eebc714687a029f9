package io.imageharbour.fusefs;

import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * The file tree of an image, mounted read-only and served by this process: it is dead when the
 * process has ended. Safe for use by several threads.
 */
public interface TreeMount extends AutoCloseable {

  /** The type of the file system in the mount table. */
  String TYPE = "fuse.harbour-tree";

  /** The directory that it is mounted on. */
  Path target();

  /**
   * The first path in it, such as {@code /etc/passwd}, of a file with this content. For messages:
   * what is not UTF-8 is replaced. Looks through the whole tree.
   */
  Optional<String> pathOf(Digest content);

  /**
   * Waits until nobody uses the mount any more, because it was unmounted, by whomever.
   *
   * @return whether that has come within the time
   */
  boolean awaitEnd(Duration timeout) throws InterruptedException;

  /**
   * Unmounts it at once; whoever still has files of it open, or an overlay on it, keeps it until
   * they end, or this process does. A second call does nothing, nor is it an error if somebody else
   * has unmounted it.
   */
  void unmount() throws IOException;

  /** {@linkplain #unmount Unmounts it} and waits a moment for its end. */
  @Override
  void close() throws IOException;
}
