package io.imageharbour.pool.agent;

import io.imageharbour.pool.linux.HostMemory;
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

  /** So many bytes of the host's memory are not lent. */
  private static final long LEFT_TO_THE_HOST = 256 << 20;

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
      requireAvailable(size, HostMemory.available());
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

  /**
   * Says at once when there is not so much, and not after nearly all of it was taken and locked.
   *
   * @param size in bytes, that is to be taken piece by piece
   * @throws OutOfHostMemoryException if there is not so much
   */
  public void requireInAll(long size) throws OutOfHostMemoryException {
    try {
      requireAvailable(size, HostMemory.available() + HostMemory.freeHugePages());
    } catch (OutOfHostMemoryException e) {
      throw e;
    } catch (IOException e) {
      throw new OutOfHostMemoryException(
          "cannot find out how much memory there is: " + e.getMessage(), e);
    }
  }

  /** Memory that is locked can't be refused later: the kernel would kill somebody for it. */
  private static void requireAvailable(long size, long available) throws OutOfHostMemoryException {
    if (size > available - LEFT_TO_THE_HOST) {
      throw new OutOfHostMemoryException(
          "the host has %d MiB of memory left, and %d MiB more are wanted of which %d shall stay free;"
                  .formatted(available >> 20, size >> 20, LEFT_TO_THE_HOST >> 20)
              + " lend less with --memory");
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
