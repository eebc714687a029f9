package io.imageharbour.fusefs;

import java.nio.file.Path;
import java.time.Duration;

/**
 * How a {@link ContentStore} works. Immutable.
 *
 * @param root the directory that holds {@code cas}, {@code ingest}, {@code db} and the mount {@code
 *     c}; on ext4, xfs or btrfs, because FUSE passthrough refuses files on overlayfs
 * @param readers threads that read requests from the kernel; 1 to 64
 * @param maxWaiting requests of the kernel that may wait for bytes at once, of the content mount,
 *     or of each tree; the next ones wait until one has its bytes or an error; at least 1
 * @param maxFetches frames that are fetched at once; at least 1
 * @param fetchTimeout after so long a fetch fails and the read gets EIO
 * @param syncInterval how often new files in the CAS are made durable
 * @param passthrough whether the kernel may read CAS files by itself (FUSE passthrough) where it
 *     can; off, every read of a file that was opened through the content mount goes through this
 *     process
 * @param contentMount whether there is a content mount, which takes root; without it contents are
 *     read through trees only
 */
public record ContentStoreConfig(
    Path root,
    int readers,
    int maxWaiting,
    int maxFetches,
    Duration fetchTimeout,
    Duration syncInterval,
    boolean passthrough,
    boolean contentMount) {

  public ContentStoreConfig {
    requireRange("readers", readers, 64);
    requireRange("maxWaiting", maxWaiting, 1 << 16);
    requireRange("maxFetches", maxFetches, 1 << 10);
  }

  /** The defaults. */
  public static ContentStoreConfig of(Path root) {
    return new ContentStoreConfig(
        root, 4, 512, 32, Duration.ofMinutes(2), Duration.ofSeconds(5), true, true);
  }

  /** The same with another number of requests that may wait for bytes at once. */
  public ContentStoreConfig withMaxWaiting(int requests) {
    return new ContentStoreConfig(
        root, readers, requests, maxFetches, fetchTimeout, syncInterval, passthrough, contentMount);
  }

  /** The same with another number of fetches at once. */
  public ContentStoreConfig withMaxFetches(int fetches) {
    return new ContentStoreConfig(
        root, readers, maxWaiting, fetches, fetchTimeout, syncInterval, passthrough, contentMount);
  }

  /** The same with another timeout of a fetch. */
  public ContentStoreConfig withFetchTimeout(Duration timeout) {
    return new ContentStoreConfig(
        root, readers, maxWaiting, maxFetches, timeout, syncInterval, passthrough, contentMount);
  }

  /** The same with passthrough allowed or not. */
  public ContentStoreConfig withPassthrough(boolean allowed) {
    return new ContentStoreConfig(
        root, readers, maxWaiting, maxFetches, fetchTimeout, syncInterval, allowed, contentMount);
  }

  /** The same without a content mount. */
  public ContentStoreConfig withoutContentMount() {
    return new ContentStoreConfig(
        root,
        readers,
        maxWaiting,
        maxFetches,
        fetchTimeout,
        syncInterval,
        passthrough,
        /* contentMount= */ false);
  }

  private static void requireRange(String name, int value, int max) {
    if (value < 1 || value > max) {
      throw new IllegalArgumentException(name + " is " + value + ", not 1 to " + max);
    }
  }
}
