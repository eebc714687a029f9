package io.imageharbour.pool.cluster;

import io.imageharbour.indexer.Digest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Where a content lives: weighted rendezvous hashing of its digest over the agents. Everybody who
 * has the same agents finds the same ones, in the same order, without asking anybody; an agent that
 * comes or goes moves only its own share, and shares are in proportion to the memory lent.
 *
 * <p>Every agent gets a score for the digest, and the highest scores win (Thaler and Ravishankar,
 * "Using name-based mappings to increase hit rates", 1998, there called highest random weight). The
 * score is {@code memoryBytes / -ln(u)} with a {@code u} that is uniform between 0 and 1, which
 * makes an agent win as often as it lends of all the memory (Efraimidis and Spirakis, "Weighted
 * random sampling with a reservoir", 2006). Nodes and agents of different versions must agree, so
 * this is a format. All arithmetic is on 64 bits and wraps; {@code >>>} is the unsigned shift:
 *
 * <pre>
 *   mix(x)    the finalizer of SplitMix64 (Steele, Lea and Flood 2014):
 *             x = (x ^ x >>> 30) * bf58476d1ce4e5b9;  x = (x ^ x >>> 27) * 94d049bb133111eb;  x ^ x >>> 31
 *   digest    mix(word0 + mix(word1 + mix(word2 + mix(word3)))), words as {@link Digest} has them
 *   agent     mix(FNV-1a with 64 bits over the ASCII bytes of the id)
 *   u         ((mix(digest ^ agent) >>> 12) + 0.5) * 2^-52
 *   score     memoryBytes / -ln(u), as doubles, ln as {@link StrictMath#log} (fdlibm) has it
 * </pre>
 *
 * Of equal scores the agent whose id sorts first goes first. Immutable, safe for use by many
 * threads.
 */
public final class Placement {

  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;

  /**
   * {@code 1 - u} is at most {@code -ln(u)}, so it spares most agents the logarithm. This much room
   * is far more than what rounding can make of it.
   */
  private static final double ROOM = 1 - 1e-12;

  private final List<AgentAddress> agents;
  private final long[] hashes;
  private final double[] weights;

  /** A placement over these agents, in whatever order they come, each id once. */
  public Placement(List<AgentAddress> agents) {
    this.agents = agents.stream().sorted(Comparator.comparing(AgentAddress::id)).toList();
    hashes = this.agents.stream().mapToLong(agent -> hash(agent.id())).toArray();
    weights = this.agents.stream().mapToDouble(AgentAddress::memoryBytes).toArray();
  }

  /** The agents placed over, in order of their ids; {@link #locate} gives positions in it. */
  public List<AgentAddress> agents() {
    return agents;
  }

  /**
   * The agents that a content lives on, best first; fewer than {@code replicas} only where there
   * are fewer agents.
   *
   * @param replicas how many copies the pool keeps, at least 1
   */
  public List<AgentAddress> agentsOf(Digest digest, int replicas) {
    int[] positions = locate(digest, replicas);
    List<AgentAddress> owners = new ArrayList<>(positions.length);
    for (int position : positions) {
      owners.add(agents.get(position));
    }
    return owners;
  }

  /** As {@link #agentsOf}, as positions in {@link #agents}: for where every read asks. */
  public int[] locate(Digest digest, int replicas) {
    if (replicas < 1) {
      throw new IllegalArgumentException("a content lives on 1 agent or more, not " + replicas);
    }
    int wanted = Math.min(replicas, hashes.length);
    int[] best = new int[wanted];
    double[] scores = new double[wanted];
    if (hashes.length <= 1) {
      return best; // nothing to choose from, so no logarithm: most reads of a small pool
    }
    long key =
        mix(digest.word0() + mix(digest.word1() + mix(digest.word2() + mix(digest.word3()))));
    int found = 0;
    for (int agent = 0; agent < hashes.length; agent++) {
      double u = ((mix(key ^ hashes[agent]) >>> 12) + 0.5) * 0x1p-52;
      if (found == wanted && weights[agent] < scores[wanted - 1] * (1 - u) * ROOM) {
        continue;
      }
      double score = weights[agent] / -StrictMath.log(u);
      if (found == wanted && score <= scores[wanted - 1]) {
        continue;
      }
      int at = found < wanted ? found++ : wanted - 1;
      for (; at > 0 && scores[at - 1] < score; at--) {
        scores[at] = scores[at - 1];
        best[at] = best[at - 1];
      }
      scores[at] = score;
      best[at] = agent;
    }
    return best;
  }

  private static long hash(String id) {
    long hash = FNV_OFFSET;
    for (int i = 0; i < id.length(); i++) {
      hash = (hash ^ id.charAt(i)) * FNV_PRIME;
    }
    return mix(hash);
  }

  private static long mix(long x) {
    x = (x ^ (x >>> 30)) * 0xbf58476d1ce4e5b9L;
    x = (x ^ (x >>> 27)) * 0x94d049bb133111ebL;
    return x ^ (x >>> 31);
  }
}
