package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.registry.HostFailure.Kind;
import io.imageharbour.indexer.registry.RegistryHost.Capability;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The hosts that serve one registry. Asks them in order until one has the answer, and asks all of
 * them again, later and later, while that may help. Safe for use by many threads.
 */
final class Registry {

  private static final Logger log = LoggerFactory.getLogger(Registry.class);
  private static final Duration FIRST_DELAY = Duration.ofMillis(100);
  private static final Duration LONGEST_DELAY = Duration.ofSeconds(5);
  private static final int MAX_DOUBLINGS = 10;

  private final String name;
  private final Duration firstContact;
  private final List<HostConnection> hosts;

  /**
   * @param name the registry's
   * @param firstContact how long to try while no host can be reached that ever answered
   * @param hosts in order of preference; what the last one says of a thing counts
   */
  Registry(String name, Duration firstContact, List<HostConnection> hosts) {
    this.name = name;
    this.firstContact = firstContact;
    this.hosts = List.copyOf(hosts);
  }

  /** Something that one host is asked. */
  @FunctionalInterface
  interface HostCall<T> {
    /**
     * @throws HostFailure if the host has no good answer
     * @throws IOException if the connection failed
     */
    T on(HostConnection host, Deadline deadline) throws IOException, InterruptedException;
  }

  /** The hosts' settings, as they were read. */
  List<RegistryHost> settings() {
    return hosts.stream().map(HostConnection::host).toList();
  }

  /**
   * Carries out a task with the hosts that may be asked for it.
   *
   * @throws HarbourException if none of them did it in time
   */
  <T> T call(RepositoryName repository, Task task, Deadline deadline, HostCall<T> call)
      throws IOException, InterruptedException {
    Deadline contact = deadline.atMost(firstContact);
    Map<HostConnection, HostFailure> earlier = Map.of();
    for (int round = 0; ; round++) {
      Map<HostConnection, HostFailure> failures = new LinkedHashMap<>();
      for (HostConnection host : inOrder(task)) {
        try {
          return call.on(host, deadline);
        } catch (HarbourException e) {
          throw e;
        } catch (IOException e) {
          if (Thread.interrupted()) {
            throw new InterruptedException("interrupted: " + task.description());
          }
          HostFailure failure = HostFailure.of(e);
          if (deadline.passed()) {
            // what it said when there was time tells more
            failure = earlier.getOrDefault(host, failure);
          }
          failures.put(host, failure);
          note(host, task, failure);
        }
      }
      Duration delay = delay(round, failures);
      Kind kind = verdict(failures);
      boolean strange = isNobodyThere(failures);
      Deadline patience = strange ? contact : deadline;
      if (kind != Kind.TEMPORARY || delay.compareTo(patience.remaining()) >= 0) {
        String advice = strange ? ". Check the name and the port" : "";
        throw task.exception(kind, summary(failures, round + 1) + advice, repository);
      }
      earlier = failures;
      Thread.sleep(delay);
    }
  }

  /**
   * Hosts that failed a moment ago come last, and so do those that can't do what the task needs.
   */
  private List<HostConnection> inOrder(Task task) {
    List<HostConnection> able = able(task);
    if (task.capability() == Capability.PUSH || able.size() < 2) {
      return able.subList(0, Math.min(1, able.size()));
    }
    List<HostConnection> ordered = new ArrayList<>(able);
    ordered.sort(
        Comparator.comparing(HostConnection::isCooling)
            .thenComparing(
                host -> task.subject() == Task.Subject.BLOB_RANGE && host.ignoresRanges()));
    return ordered;
  }

  private List<HostConnection> able(Task task) {
    return hosts.stream()
        .filter(host -> host.host().capabilities().contains(task.capability()))
        .toList();
  }

  private void note(HostConnection host, Task task, HostFailure failure) {
    if (failure.kind() == Kind.TEMPORARY && host.cool()) {
      log.warn(
          "event=registry-host-failed registry={} host={} task=\"{}\" cause=\"{}\"",
          name,
          host.name(),
          task.description(),
          failure.reason());
    } else {
      log.debug(
          "event=registry-host-declined registry={} host={} task=\"{}\" cause=\"{}\"",
          name,
          host.name(),
          task.description(),
          failure.reason());
    }
  }

  /** The registry's own host is the last one in its list, and has the last word. */
  private Kind verdict(Map<HostConnection, HostFailure> failures) {
    for (HostConnection host : hosts.reversed()) {
      HostFailure failure = failures.get(host);
      if (failure != null) {
        return failure.kind();
      }
    }
    return Kind.REFUSED;
  }

  /** Whether all that is known of the hosts is that they can't be reached. */
  private static boolean isNobodyThere(Map<HostConnection, HostFailure> failures) {
    return !failures.isEmpty()
        && failures.entrySet().stream()
            .allMatch(entry -> !entry.getKey().hasAnswered() && entry.getValue().isUnreachable());
  }

  /** How long to wait after a round: doubles with every round, half of it by chance. */
  static Duration delay(int round) {
    Duration delay = FIRST_DELAY.multipliedBy(1L << Math.min(round, MAX_DOUBLINGS));
    delay = delay.compareTo(LONGEST_DELAY) < 0 ? delay : LONGEST_DELAY;
    long half = delay.toNanos() / 2;
    return Duration.ofNanos(half + ThreadLocalRandom.current().nextLong(half + 1));
  }

  /** The same, or longer if every host that names a time asks for that. */
  private static Duration delay(int round, Map<HostConnection, HostFailure> failures) {
    Duration jittered = delay(round);
    return failures.values().stream()
        .flatMap(failure -> failure.retryAfter().stream())
        .min(Comparator.naturalOrder())
        .filter(asked -> asked.compareTo(jittered) > 0)
        .orElse(jittered);
  }

  private String summary(Map<HostConnection, HostFailure> failures, int rounds) {
    if (failures.isEmpty()) {
      return "no host of %s may be asked for this (capabilities in hosts.toml)".formatted(name);
    }
    List<String> said = new ArrayList<>();
    failures.forEach(
        (host, failure) -> {
          String asked =
              failure
                  .retryAfter()
                  .map(delay -> ", asks to wait " + delay.toSeconds() + " s")
                  .orElse("");
          said.add(host.name() + " " + failure.reason() + asked);
        });
    return String.join("; ", said) + (rounds > 1 ? " (asked %d times)".formatted(rounds) : "");
  }
}
