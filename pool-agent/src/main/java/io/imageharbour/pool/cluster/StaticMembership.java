package io.imageharbour.pool.cluster;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;

/** The agents of a list in the configuration: always these, alive or not. */
public final class StaticMembership implements Membership {

  private final List<AgentAddress> agents;

  /**
   * Takes the list as it is.
   *
   * @throws IllegalArgumentException if two agents have the same id
   */
  public StaticMembership(Collection<AgentAddress> agents) {
    this.agents = agents.stream().sorted(Comparator.comparing(AgentAddress::id)).toList();
    for (int i = 1; i < this.agents.size(); i++) {
      if (this.agents.get(i).id().equals(this.agents.get(i - 1).id())) {
        throw new IllegalArgumentException(
            "two agents of the list have the id " + this.agents.get(i).id());
      }
    }
  }

  @Override
  public List<AgentAddress> agents() {
    return agents;
  }

  @Override
  public boolean stale() {
    return false;
  }

  @Override
  public void listen(Consumer<List<AgentAddress>> listener) {
    listener.accept(agents);
  }

  @Override
  public void close() {
    // there is nothing to follow
  }
}
