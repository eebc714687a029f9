package io.imageharbour.pool.agent;

import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.memory.LookupTable;
import io.imageharbour.pool.memory.Region;
import io.imageharbour.pool.memory.Span;
import io.imageharbour.pool.policy.PolicyKind;
import io.imageharbour.pool.security.PoolSecurity;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Agents for tests, and what tests do to them. */
public final class Agents {

  private Agents() {}

  /** A small agent on the loopback interface that keeps its files in a directory. */
  public static AgentConfig config(String id, Path directory, int port, PoolSecurity security) {
    return new AgentConfig(
        id,
        "127.0.0.1:" + port,
        32 << 20,
        false,
        List.of("shm", "tcp"),
        directory.resolve(id + ".sock"),
        0,
        List.of(),
        0,
        PolicyKind.LRU,
        security,
        Optional.empty(),
        Optional.empty(),
        "info");
  }

  /** Has an agent lend another amount of memory, as its service does. */
  public static long resize(Agent agent, long capacity) throws IOException {
    return agent.contents().resize(capacity);
  }

  /** Changes a bit of a content in the agent's memory. */
  public static void flipABit(Agent agent, Digest digest) {
    Region table = agent.regions().find(Region.TABLE).orElseThrow();
    Span where = new LookupTable(table.memory().segment()).find(digest).orElseThrow().where();
    MemorySegment slab = agent.regions().find(where.region()).orElseThrow().memory().segment();
    byte old = slab.get(ValueLayout.JAVA_BYTE, where.offset());
    slab.set(ValueLayout.JAVA_BYTE, where.offset(), (byte) (old ^ 1));
  }

  /** How many contents an agent has. */
  public static long contents(Agent agent) {
    return agent.contents().usage().contents();
  }
}
