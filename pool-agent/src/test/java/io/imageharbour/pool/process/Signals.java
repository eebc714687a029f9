package io.imageharbour.pool.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/** Signals that tests send to processes which they have started. */
public final class Signals {

  private static final long DEADLINE_SECONDS = 20;
  private static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  private Signals() {}

  /** Stops all threads of a process, and waits until they are: the signal alone is only sent. */
  public static void stop(long pid) throws IOException, InterruptedException {
    send("STOP", pid);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
    while (!isStopped(pid)) {
      if (System.nanoTime() - deadline > 0) {
        throw new IOException("process " + pid + " does not stop");
      }
      LockSupport.parkNanos(STEP_NANOS);
    }
  }

  /** Has a process go on that was stopped; one that was not goes on as well. */
  public static void resume(long pid) throws IOException, InterruptedException {
    send("CONT", pid);
  }

  /** By the shell: a small Debian has no program of that name. */
  private static void send(String name, long pid) throws IOException, InterruptedException {
    int status = new ProcessBuilder("sh", "-c", "kill -" + name + " " + pid).start().waitFor();
    if (status != 0) {
      throw new IOException("could not send SIG" + name + " to process " + pid);
    }
  }

  private static boolean isStopped(long pid) throws IOException {
    List<Path> threads;
    try (Stream<Path> all = Files.list(Path.of("/proc/" + pid + "/task"))) {
      threads = all.toList();
    }
    for (Path thread : threads) {
      try {
        String stat = Files.readString(thread.resolve("stat"));
        // behind the name, which stands in parentheses and may hold anything
        if (stat.charAt(stat.lastIndexOf(')') + 2) != 'T') {
          return false;
        }
      } catch (NoSuchFileException e) {
        // it ended meanwhile, and others may have begun
        return false;
      }
    }
    return true;
  }
}
