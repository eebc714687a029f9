package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.testbed.AgentProcess;
import io.imageharbour.testbed.Await;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.RegistryAccess;
import io.imageharbour.testbed.RegistryServer;
import io.imageharbour.testbed.Snapshotter;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Containers whose first reads come out of another process's memory. */
@ExtendWith(TestbedExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class PoolIT {

  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final List<String> COMMAND =
      List.of("python3", "-c", "import numpy; print(numpy.arange(3).sum())");

  private SharedTestbed testbed;
  private SharedTestbed.Converted python;
  private AgentProcess agent;

  @BeforeAll
  void fillThePool(SharedTestbed shared) throws Exception {
    testbed = shared;
    python = testbed.python();
    agent = AgentProcess.start(testbed.workspace(), testbed.tree(), "pa", "512MiB");
    try (Node first = node("p1", "shm")) {
      first.ctr().pull(Snapshotter.HARBOUR, python.reference());
      assertThat(run(first)).isEqualTo("3");
      // what the registry brought is offered in the background
      Await.until("the pool to have taken it", LIMIT, () -> packRequestsOfAFreshNode() == 0);
    }
  }

  @AfterAll
  void stopTheAgent() throws Exception {
    agent.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"shm", "tcp"})
  void startsWithoutAskingTheRegistryForAnyPack(String transport) throws Exception {
    startsOutOfThePool(transport);
  }

  @ParameterizedTest
  @ValueSource(strings = {"shm", "tcp"})
  void startsOutOfAPoolThatWasLoaded(String transport) throws Exception {
    harbourctl("evict", "--all");
    harbourctl("load", "--plain-http", python.reference());
    startsOutOfThePool(transport);
  }

  private void harbourctl(String command, String... arguments) throws Exception {
    testbed
        .tree()
        .harbourctl("pool", command)
        .withArguments("--agent", agent.endpoint(), "--token-file", agent.tokenFile())
        .withArguments((Object[]) arguments)
        .run();
  }

  private void startsOutOfThePool(String transport) throws Exception {
    try (Node node = node("p2", transport)) {
      node.ctr().pull(Snapshotter.HARBOUR, python.reference());
      int before = testbed.registry().responses().size();
      assertThat(run(node)).isEqualTo("3");
      assertThat(packRequests(before)).isEmpty();
      assertThat(node.harbourd().process().log()).contains("transport=" + transport);
    } finally {
      Node.remove(testbed.workspace(), "p2");
    }
  }

  private long packRequestsOfAFreshNode() throws IOException, InterruptedException {
    try (Node node = node("p0", "shm")) {
      node.ctr().pull(Snapshotter.HARBOUR, python.reference());
      int before = testbed.registry().responses().size();
      assertThat(run(node)).isEqualTo("3");
      return packRequests(before).size();
    } finally {
      Node.remove(testbed.workspace(), "p0");
    }
  }

  private Node node(String name, String transport) throws IOException, InterruptedException {
    Node node =
        Node.start(
            testbed.workspace(),
            testbed.tree(),
            name,
            RegistryAccess.plainHttp(List.of()),
            // a busy machine is no reason to ask the registry
            Optional.of(agent.pool(transport).withHeadStart(LIMIT)));
    Await.until(
        "harbourd to be connected to the agent",
        LIMIT,
        () -> node.harbourd().process().log().contains("event=agent-connected"));
    return node;
  }

  private String run(Node node) throws IOException, InterruptedException {
    return node.ctr()
        .run(Snapshotter.HARBOUR, python.reference(), COMMAND.toArray(String[]::new))
        .output();
  }

  /** What was asked of the registry since then, but for manifests and tokens. */
  private List<RegistryServer.Response> packRequests(int since) throws IOException {
    List<RegistryServer.Response> all = testbed.registry().responses();
    return all.subList(since, all.size()).stream()
        .filter(response -> response.path().contains("/blobs/"))
        .toList();
  }
}
