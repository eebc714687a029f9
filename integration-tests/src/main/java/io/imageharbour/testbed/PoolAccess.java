package io.imageharbour.testbed;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What harbourd is told about the memory pool. Immutable; each {@code with…} answers a changed
 * copy.
 *
 * @param agents where they are, {@code host:port}
 * @param tokenFile what they want to be shown
 * @param transports the best first
 * @param etcd its client URL, where it says which agents there are
 * @param replicas agents that keep each content
 * @param headStart after which the registry is asked as well; harbourd's default where empty
 */
public record PoolAccess(
    List<String> agents,
    Path tokenFile,
    List<String> transports,
    Optional<String> etcd,
    int replicas,
    Optional<Duration> headStart) {

  public PoolAccess {
    agents = List.copyOf(agents);
    transports = List.copyOf(transports);
  }

  /** A list of agents, and nothing else. */
  public static PoolAccess of(List<String> agents, Path tokenFile, List<String> transports) {
    return new PoolAccess(agents, tokenFile, transports, Optional.empty(), 1, Optional.empty());
  }

  /** The same agents, and those that etcd knows. */
  public PoolAccess withEtcd(String url) {
    return new PoolAccess(agents, tokenFile, transports, Optional.of(url), replicas, headStart);
  }

  /** Only the agents that etcd knows. */
  public PoolAccess withoutList() {
    return new PoolAccess(List.of(), tokenFile, transports, etcd, replicas, headStart);
  }

  /** With the token of this agent. */
  public PoolAccess withTokenOf(AgentProcess agent) {
    return new PoolAccess(agents, agent.tokenFile(), transports, etcd, replicas, headStart);
  }

  /** This agent as well, which keeps one more copy of each content. */
  public PoolAccess withCopiesOn(AgentProcess agent) {
    return new PoolAccess(
        Stream.concat(agents.stream(), Stream.of(agent.endpoint())).toList(),
        tokenFile,
        transports,
        etcd,
        replicas + 1,
        headStart);
  }

  /** Has the pool given more time, or less. */
  public PoolAccess withHeadStart(Duration time) {
    return new PoolAccess(agents, tokenFile, transports, etcd, replicas, Optional.of(time));
  }

  /** As harbourd's configuration has it. */
  public String toml() {
    return """
        [pool]
        agents = [%s]
        transports = [%s]
        token-file = "%s"
        replicas = %d
        """
            .formatted(quoted(agents), quoted(transports), tokenFile, replicas)
        + headStart
            .map(
                time ->
                    "head-start = %d\ntimeout = %d\n"
                        .formatted(time.toMillis(), Math.max(1000, time.toMillis())))
            .orElse("")
        + etcd.map("\n[pool.etcd]\nendpoints = [\"%s\"]\n"::formatted).orElse("");
  }

  /** A list of strings in TOML, without the brackets. */
  static String quoted(List<String> words) {
    return words.stream().map("\"%s\""::formatted).collect(Collectors.joining(", "));
  }
}
