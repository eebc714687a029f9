package io.imageharbour.snapshotter.mounts;

import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/** Lets one request at a time work on a snapshot; different names rarely share a lock. */
final class KeyLocks {

  private final Lock[] locks = new Lock[64];

  KeyLocks() {
    for (int i = 0; i < locks.length; i++) {
      locks[i] = new ReentrantLock();
    }
  }

  /** Waits for the lock of this name; closing the result gives it back. */
  Held lock(String name) {
    Lock lock = locks[Math.floorMod(name.hashCode(), locks.length)];
    lock.lock();
    return lock::unlock;
  }

  /** A lock that is held by the current thread. */
  interface Held extends AutoCloseable {
    @Override
    void close();
  }
}
