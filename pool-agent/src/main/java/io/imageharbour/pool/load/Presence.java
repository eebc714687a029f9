package io.imageharbour.pool.load;

import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.client.AgentControl;
import io.imageharbour.pool.client.AgentUnavailableException;
import io.imageharbour.pool.cluster.AgentAddress;
import io.imageharbour.pool.cluster.Placement;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * Which of some contents lie in the pool, where nodes look for them: on the agents that the
 * placement names. What another agent has is of no use.
 *
 * @param there positions of contents that some agent has
 * @param wanted positions of contents that an agent lacks which is to keep them
 * @param unknown positions of contents whose agents have all not answered
 * @param byAgent positions of contents that each agent has, of those that it is to keep; of agents
 *     that have answered
 * @param failures agents that have not answered, and why
 */
public record Presence(
    BitSet there,
    BitSet wanted,
    BitSet unknown,
    SequencedMap<AgentAddress, BitSet> byAgent,
    SequencedMap<AgentAddress, AgentUnavailableException> failures) {

  public Presence {
    byAgent = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(byAgent));
    failures = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(failures));
  }

  /**
   * Asks all agents of a pool.
   *
   * @param replicas agents that keep each content, as nodes have it configured
   */
  public static Presence ask(List<AgentControl> agents, int replicas, List<Digest> digests) {
    Placement placement = new Placement(agents.stream().map(AgentControl::agent).toList());
    List<List<Integer>> positions = new ArrayList<>();
    placement.agents().forEach(unused -> positions.add(new ArrayList<>()));
    for (int i = 0; i < digests.size(); i++) {
      for (int agent : placement.locate(digests.get(i), replicas)) {
        positions.get(agent).add(i);
      }
    }
    Map<AgentAddress, List<Integer>> keeps = new HashMap<>();
    for (int i = 0; i < positions.size(); i++) {
      keeps.put(placement.agents().get(i), positions.get(i));
    }
    BitSet there = new BitSet();
    BitSet wanted = new BitSet();
    BitSet answered = new BitSet();
    SequencedMap<AgentAddress, BitSet> byAgent = new LinkedHashMap<>();
    SequencedMap<AgentAddress, AgentUnavailableException> failures = new LinkedHashMap<>();
    for (AgentControl agent : agents) {
      List<Integer> asked = keeps.getOrDefault(agent.agent(), List.of());
      try {
        BitSet has = agent.has(asked.stream().map(digests::get).toList());
        BitSet hasOfAll = new BitSet();
        for (int i = 0; i < asked.size(); i++) {
          answered.set(asked.get(i));
          (has.get(i) ? there : wanted).set(asked.get(i));
          hasOfAll.set(asked.get(i), has.get(i));
        }
        byAgent.put(agent.agent(), hasOfAll);
      } catch (AgentUnavailableException e) {
        failures.put(agent.agent(), e);
      }
    }
    BitSet unknown = new BitSet();
    unknown.set(0, digests.size());
    unknown.andNot(answered);
    return new Presence(there, wanted, unknown, byAgent, failures);
  }
}
