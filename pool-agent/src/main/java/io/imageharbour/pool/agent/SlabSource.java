package io.imageharbour.pool.agent;

import io.imageharbour.pool.linux.SharedMemory;
import io.imageharbour.pool.linux.SystemCallException;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes memory from this host: of huge pages while the administrator has reserved some, and locked,
 * because a device that reads it can't wait for swapping. Safe for use by several threads.
 */
public final class SlabSource {

  private static final Logger log = LoggerFactory.getLogger(SlabSource.class);

  private final boolean locked;
  private volatile boolean hugePages = true;

  /**
   * A source.
   *
   * @param locked whether memory is kept from being swapped out
   */
  public SlabSource(boolean locked) {
    this.locked = locked;
  }

  /** Whether the memory given last is of huge pages. */
  public boolean hasHugePages() {
    return hugePages;
  }

  /**
   * Takes memory.
   *
   * @param name shown in {@code /proc}
   * @param size in bytes, a multiple of {@link SharedMemory#HUGE_PAGE}
   * @throws OutOfHostMemoryException if there is not so much, or it may not be locked
   */
  public SharedMemory take(String name, long size) throws OutOfHostMemoryException {
    if (hugePages) {
      try {
        return locked(SharedMemory.create(name, size, true), size);
      } catch (OutOfHostMemoryException e) {
        throw e;
      } catch (IOException e) {
        hugePages = false;
        log.debug("event=no-huge-pages cause=\"{}\"", e.getMessage());
      }
    }
    try {
      return locked(SharedMemory.create(name, size, false), size);
    } catch (OutOfHostMemoryException e) {
      throw e;
    } catch (IOException e) {
      throw new OutOfHostMemoryException(
          "cannot get %d MiB of memory: %s; lend less with --memory"
              .formatted(size >> 20, e.getMessage()),
          e);
    }
  }

  private SharedMemory locked(SharedMemory memory, long size) throws IOException {
    if (locked) {
      try {
        memory.lock();
      } catch (SystemCallException e) {
        memory.close();
        throw new OutOfHostMemoryException(
            "cannot lock %d MiB of memory (%s): raise the limit (ulimit -l, or LimitMEMLOCK= of the"
                    .formatted(size >> 20, e.getMessage())
                + " systemd unit), lend less with --memory, or set lock-memory = false",
            e);
      }
    }
    return memory;
  }
}
