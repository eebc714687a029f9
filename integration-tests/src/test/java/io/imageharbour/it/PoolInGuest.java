package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.testbed.AgentProcess;
import io.imageharbour.testbed.Await;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.HarbourTree;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.PoolAccess;
import io.imageharbour.testbed.RegistryAccess;
import io.imageharbour.testbed.RegistryServer;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The whole way over RDMA: registry, agent, containerd and harbourd are processes in the guest, the
 * image was converted outside. {@link RdmaGuestIT} runs it there.
 */
final class PoolInGuest {

  /** Properties with the references of the image and of its index image. */
  static final String ORIGINAL = "harbour.guest.original";

  static final String CONVERTED = "harbour.guest.converted";

  private static final Duration LIMIT = Duration.ofMinutes(3);

  /** Emulation is slow; the registry is not to be asked because of that. */
  private static final Duration HEAD_START = Duration.ofMinutes(1);

  private final HarbourTree tree = HarbourTree.locate();
  private final String original = System.getProperty(ORIGINAL);
  private final String converted = System.getProperty(CONVERTED);

  PoolInGuest() throws IOException {}

  @Test
  @Timeout(540)
  void aContainersFirstReadsComeOutOfThePoolAndNoneFromTheRegistry() throws Exception {
    try (Workspace workspace = Workspace.create(Path.of("/run/hb"));
        AutoCloseable unused = () -> printLogs(workspace);
        RegistryServer registry = GuestRegistry.start(workspace);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      AgentProcess.Setup setup =
          AgentProcess.Setup.of("64MiB").withRdma(System.getProperty("harbour.rdma.address"));
      // both make it, if it is not there, and they start at the same time here
      Path token =
          Files.writeString(
              workspace.directory("a").resolve("token"), "known-to-all-in-this-guest");
      PoolAccess pool =
          PoolAccess.of(List.of("127.0.0.1:" + setup.port()), token, List.of("rdma"))
              .withHeadStart(HEAD_START);
      Future<AgentProcess> starting =
          threads.submit(() -> AgentProcess.start(workspace, tree, "a", setup));
      try (Node node =
              Node.start(
                  workspace, tree, "n", RegistryAccess.plainHttp(List.of()), Optional.of(pool));
          AutoCloseable agent = starting.get()::close) {
        load(node.harbourd().configuration());
        node.ctr().pull(Snapshotter.OVERLAYFS, original);
        String expected = digests(node, Snapshotter.OVERLAYFS, original);
        assertThat(expected.lines()).hasSizeGreaterThan(100);
        assertServesFromThePool(node, registry, expected);
      }
    }
  }

  /** In emulation an answer may come too late. */
  private void load(Path configuration) throws IOException, InterruptedException {
    Command load =
        tree.harbourctl("pool", "load", "--plain-http", "--config", configuration, converted);
    Await.until(
        "the image to be in the pool",
        LIMIT,
        () -> {
          Command.Output output = load.attempt();
          System.out.println(output.text() + output.errors());
          return output.exit() == 0;
        });
  }

  private void assertServesFromThePool(Node node, RegistryServer registry, String expected)
      throws IOException, InterruptedException {
    Await.until(
        "harbourd to be connected to the agent",
        LIMIT,
        () -> node.harbourd().process().log().contains("event=agent-connected"));
    assertThat(node.harbourd().process().log()).contains("transport=rdma");
    node.ctr().pull(Snapshotter.HARBOUR, converted);
    int before = registry.responses().size();

    assertThat(digests(node, Snapshotter.HARBOUR, converted)).isEqualTo(expected);

    assertThat(registry.responses().stream().skip(before))
        .noneMatch(response -> response.path().contains("/blobs/"));
    assertThat(node.harbourd().metric("harbour_pool_read_bytes_total"))
        .isGreaterThan(SmallImage.BYTES);
    assertThat(node.harbourd().metric("harbour_pool_failures_total")).isZero();
  }

  /** What a failed test is explained by; nothing in the guest outlives it. */
  private static void printLogs(Workspace workspace) throws IOException, InterruptedException {
    Command tail = Command.of("sh", "-c", "cd \"$1\" && tail -n 20 */log", "tail");
    System.out.println(tail.withArguments(workspace.directory()).run().text());
  }

  /** Of every file, by a program of the image. */
  private static String digests(Node node, Snapshotter snapshotter, String image)
      throws IOException, InterruptedException {
    return node.ctr().run(snapshotter, image, SmallImage.SUMS.toArray(String[]::new)).output();
  }
}
