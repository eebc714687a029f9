package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.testbed.AgentProcess;
import io.imageharbour.testbed.Await;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.EtcdProcess;
import io.imageharbour.testbed.Network;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.PoolAccess;
import io.imageharbour.testbed.RegistryAccess;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.Workspace;
import io.imageharbour.testbed.image.OciLayout;
import io.imageharbour.testbed.image.TarLayer;
import io.imageharbour.testbed.image.TarLayer.Attributes;
import io.imageharbour.testbed.image.TestImages;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Agents that find out by themselves what is popular: containerd, harbourd, etcd and a registry.
 */
@ExtendWith(TestbedExtension.class)
final class PopularImageIT {

  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final SharedTestbed testbed;

  PopularImageIT(SharedTestbed testbed) {
    this.testbed = testbed;
  }

  @Test
  void anImageThatIsStartedAgainIsBroughtIntoThePoolAndBroughtBack() throws Exception {
    Workspace workspace = testbed.workspace();
    SharedTestbed.Converted image = testbed.converted("popular", popular(workspace));
    int port = Network.freePort();
    try (EtcdProcess etcd = EtcdProcess.start(workspace, "pe", port);
        AgentProcess first = AgentProcess.start(workspace, testbed.tree(), "pb", setup(port));
        AgentProcess second =
            AgentProcess.start(workspace, testbed.tree(), "pc", setup(port).withTokenOf(first));
        Node node = node(first.pool("shm").withEtcd(EtcdProcess.url(port)).withoutList())) {
      assertThat(etcd.process().isAlive()).isTrue();
      node.ctr().pull(Snapshotter.HARBOUR, image.reference());
      for (int i = 0; i < 2; i++) {
        node.ctr().run(Snapshotter.HARBOUR, image.reference(), "/busybox", "true");
      }
      Await.until("the image to be all there", LIMIT, () -> isHottest(image, node));
      JsonNode hottest = pool(node, "status").at("/images/0");
      assertThat(hottest.get("starts").asDouble()).isBetween(1.9, 2.0);
      assertThat(hottest.get("admitted").asBoolean()).isTrue();
      // what the first container read the registry had to bring
      assertThat(hottest.get("missed").asDouble()).isPositive();
      assertThat(hottest.get("agents").properties())
          .extracting(agent -> agent.getKey())
          .containsExactly("pb", "pc");

      testbed
          .tree()
          .harbourctl("pool", "evict", "--all", "--config", node.harbourd().configuration())
          .run();
      Await.until("the image to be back", LIMIT, () -> isThere(image, node));
      Await.until("the leader to say so", LIMIT, () -> isHottest(image, node));
      assertThat(first.process().log() + second.process().log())
          .contains("event=elected")
          .contains("event=preloaded");
    } finally {
      Node.remove(workspace, "pk");
    }
  }

  private boolean isHottest(SharedTestbed.Converted image, Node node)
      throws IOException, InterruptedException {
    JsonNode hottest = pool(node, "status").at("/images/0");
    return hottest.path("name").asText().equals(image.reference())
        && hottest.path("there").asDouble() == 1;
  }

  private boolean isThere(SharedTestbed.Converted image, Node node)
      throws IOException, InterruptedException {
    JsonNode bytes = pool(node, "ls", image.reference()).at("/0/bytes");
    return bytes.get("there").asLong() == bytes.get("all").asLong();
  }

  private JsonNode pool(Node node, Object... words) throws IOException, InterruptedException {
    List<Object> arguments = new ArrayList<>(List.of("pool"));
    arguments.addAll(List.of(words));
    arguments.addAll(List.of("--json", "--config", node.harbourd().configuration()));
    return JSON.readTree(
        testbed.tree().harbourctl(arguments.toArray()).withTimeout(LIMIT).run().text());
  }

  /** How an agent is set up that looks every second while it leads. */
  private AgentProcess.Setup setup(int etcdPort) throws IOException {
    return AgentProcess.Setup.of("32MiB")
        .withEtcd(EtcdProcess.url(etcdPort))
        .withPreloadFrom(testbed.registry().host());
  }

  private Node node(PoolAccess pool) throws IOException, InterruptedException {
    Node node =
        Node.start(
            testbed.workspace(),
            testbed.tree(),
            "pk",
            RegistryAccess.plainHttp(List.of()),
            Optional.of(pool));
    Await.until(
        "harbourd to be connected to both agents",
        LIMIT,
        () ->
            node.harbourd()
                    .process()
                    .log()
                    .lines()
                    .filter(line -> line.contains("event=agent-connected"))
                    .count()
                == 2);
    return node;
  }

  /** A program that needs nothing else, and files that it does not read. */
  private static OciLayout popular(Workspace workspace) throws IOException, InterruptedException {
    OciLayout layout = OciLayout.create(workspace.directory("pop").resolve("image"));
    OciLayout.Layer layer = layout.addLayer(PopularImageIT::write);
    return layout.finish(
        layout.addImage(TestImages.architecture(), List.of(layer), List.of("/busybox", "true")));
  }

  private static void write(OutputStream out) throws IOException {
    try (TarLayer tar = new TarLayer(out)) {
      tar.directory(".", Attributes.of(0755));
      tar.file("busybox", Attributes.of(0755), Files.readAllBytes(busybox()));
      for (int i = 0; i < 64; i++) {
        byte[] content = new byte[100_000];
        new Random(i).nextBytes(content);
        tar.file("more-" + i, Attributes.of(0644), content);
      }
    }
  }

  private static Path busybox() throws IOException {
    try {
      return Path.of(Command.of("sh", "-c", "command -v busybox").run().text().strip());
    } catch (InterruptedException e) {
      throw new IOException("interrupted", e);
    }
  }
}
