package io.imageharbour.it;

import io.imageharbour.testbed.machine.DebianRelease;
import io.imageharbour.testbed.machine.Machine;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** A machine for each release of Debian; all of them start at once, and end at once. */
final class Machines implements AutoCloseable {

  private final Map<DebianRelease, Machine> machines = new ConcurrentHashMap<>();

  private Machines() {}

  /** Starts what a test needs on a machine. */
  @FunctionalInterface
  interface Setup {
    void run(DebianRelease release, Machine machine) throws Exception;
  }

  /**
   * Starts them.
   *
   * @param letter distinguishes the machines of a class
   * @param setup run on each, by several threads
   */
  static Machines start(SharedTestbed testbed, String letter, Setup setup) throws Exception {
    Machines all = new Machines();
    try {
      atOnce(
          Arrays.stream(DebianRelease.values())
              .<Callable<Void>>map(
                  release ->
                      () -> {
                        String name = letter + release.ordinal();
                        Machine machine =
                            Machine.start(testbed.workspace(), testbed.tree(), name, release);
                        all.machines.put(release, machine);
                        setup.run(release, machine);
                        return null;
                      })
              .toList());
      return all;
    } catch (Exception e) {
      all.close();
      throw e;
    }
  }

  Machine of(DebianRelease release) {
    return Optional.ofNullable(machines.get(release)).orElseThrow();
  }

  @Override
  public void close() throws Exception {
    atOnce(
        machines.values().stream()
            .<Callable<Void>>map(
                machine ->
                    () -> {
                      machine.close();
                      return null;
                    })
            .toList());
  }

  /** Runs all to their end, then reports the first failure. */
  private static void atOnce(Collection<Callable<Void>> steps) throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Void>> runs = new ArrayList<>();
      steps.forEach(step -> runs.add(threads.submit(step)));
      for (Future<Void> run : runs) {
        run.get();
      }
    }
  }
}
