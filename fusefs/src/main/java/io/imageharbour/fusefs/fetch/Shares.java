package io.imageharbour.fusefs.fetch;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Shares threads between hosts: one that accepts everything and answers nothing holds so many of
 * them and no more, and leaves the others to the rest. Safe for use by several threads.
 */
final class Shares {

  private final Executor threads;
  private final int share;

  /** Hosts for which something runs. */
  private final Map<String, Host> hosts = new HashMap<>();

  private static final class Host {
    private int running;
    private final Queue<Runnable> waiting = new ArrayDeque<>();
  }

  /**
   * Nothing runs yet.
   *
   * @param share tasks for one host that run at once; the others wait for one of those
   */
  Shares(Executor threads, int share) {
    this.threads = threads;
    this.share = share;
  }

  /**
   * Runs a task now or later.
   *
   * @throws RejectedExecutionException if the threads take nothing any more
   */
  void execute(String host, Runnable task) {
    synchronized (this) {
      Host found = hosts.computeIfAbsent(host, name -> new Host());
      if (found.running == share) {
        found.waiting.add(task);
        return;
      }
      found.running++;
    }
    boolean begun = false;
    try {
      begin(host, task);
      begun = true;
    } finally {
      if (!begun) {
        end(host);
      }
    }
  }

  private void begin(String host, Runnable task) {
    threads.execute(
        () -> {
          try {
            task.run();
          } finally {
            end(host);
          }
        });
  }

  /** Something has ended: the next one's turn. */
  private void end(String name) {
    while (true) {
      @Nullable Runnable next;
      synchronized (this) {
        Host host = Objects.requireNonNull(hosts.get(name));
        next = host.waiting.poll();
        if (next == null) {
          if (--host.running == 0) {
            hosts.remove(name);
          }
          return;
        }
      }
      try {
        begin(name, next);
        return;
      } catch (RejectedExecutionException e) {
        // closed; who waits for it has been told
      }
    }
  }
}
