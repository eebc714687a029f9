package io.imageharbour.fusefs.cas;

import io.imageharbour.fusefs.linux.Errno;
import io.imageharbour.fusefs.linux.LinuxException;
import io.imageharbour.fusefs.linux.OpenFile;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes new files of the CAS durable, all of them with one syncfs(2) every few seconds.
 *
 * <p>The list of files that are not durable yet must itself survive a crash, so it is kept where no
 * crash can separate it from the files: a new file has the mode {@link #UNSYNCED_MODE}, and gets
 * {@link #SYNCED_MODE} only after the syncfs. Safe for use by several threads.
 */
final class UnsyncedFiles implements AutoCloseable {

  /** Readable by all, and the sticky bit, which means nothing to Linux on a file. */
  static final int UNSYNCED_MODE = 01444;

  /** Readable by all. */
  static final int SYNCED_MODE = 0444;

  private static final Logger log = LoggerFactory.getLogger(UnsyncedFiles.class);

  /** A sync is due when so many files wait for it, whatever the time: about 10 MB of names. */
  private static final int MANY = 50_000;

  private final OpenFile directory;
  private final long intervalNanos;
  private final Thread thread;

  /** Serialises syncs; never held together with the monitor of this object for long. */
  private final Object syncing = new Object();

  private List<String> paths = new ArrayList<>();
  private boolean closed;

  UnsyncedFiles(OpenFile directory, Duration interval) {
    this.directory = directory;
    this.intervalNanos = interval.toNanos();
    thread = Thread.ofPlatform().daemon().name("cas-sync").start(this::syncRegularly);
  }

  /** Notes a file below the directory, which must have {@link #UNSYNCED_MODE}. */
  synchronized void add(String path) {
    paths.add(path);
    if (paths.size() == 1 || paths.size() >= MANY) {
      notifyAll();
    }
  }

  /** Makes durable all that was added before. */
  void sync() throws LinuxException {
    synchronized (syncing) {
      List<String> due = take();
      if (due.isEmpty()) {
        return;
      }
      try {
        directory.syncFileSystem();
        for (String path : due) {
          markSynced(path);
        }
      } catch (LinuxException e) {
        putBack(due);
        throw e;
      }
    }
  }

  /** Makes everything durable and stops. */
  @Override
  public void close() throws LinuxException {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    sync();
  }

  private synchronized List<String> take() {
    List<String> taken = paths;
    paths = new ArrayList<>();
    return taken;
  }

  private synchronized void putBack(List<String> due) {
    due.addAll(paths);
    paths = due;
  }

  private void markSynced(String path) throws LinuxException {
    try {
      directory.chmodBelow(path, SYNCED_MODE);
    } catch (LinuxException e) {
      // somebody may have deleted the file meanwhile
      if (e.errno() != Errno.ENOENT) {
        throw e;
      }
    }
  }

  private void syncRegularly() {
    try {
      while (awaitDue()) {
        try {
          sync();
        } catch (LinuxException e) {
          log.error("event=cas-sync-failed cause=\"{}\"", e.getMessage());
        }
      }
    } catch (InterruptedException e) {
      log.debug("event=cas-sync-ended cause=interrupted");
    }
  }

  /** Waits until a file was added, and then for the interval; false when closed. */
  private synchronized boolean awaitDue() throws InterruptedException {
    while (paths.isEmpty() && !closed) {
      wait();
    }
    long deadline = System.nanoTime() + intervalNanos;
    while (!closed && paths.size() < MANY) {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        break;
      }
      wait(Math.max(1, left / 1_000_000));
    }
    return !closed;
  }

  /** For tests: the thread that syncs. */
  Thread thread() {
    return thread;
  }
}
