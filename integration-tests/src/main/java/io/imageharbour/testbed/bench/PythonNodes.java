package io.imageharbour.testbed.bench;

import io.imageharbour.testbed.Await;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.PoolAccess;
import io.imageharbour.testbed.RegistryAccess;
import io.imageharbour.testbed.ServerProcess;
import io.imageharbour.testbed.Snapshotter;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Nodes that have pulled the Python image and nothing else of it, and start Python with numpy. */
final class PythonNodes {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final List<String> COMMAND =
      List.of("python3", "-c", "import numpy; print(numpy.arange(3).sum())");

  private final BenchmarkImages images;
  private final String image;
  private final Optional<PoolAccess> pool;

  /** Nodes with this pool, or with none. */
  PythonNodes(BenchmarkImages images, Optional<PoolAccess> pool)
      throws IOException, InterruptedException {
    this.images = images;
    image = images.registry().reference(images.pair(BenchmarkImages.PYTHON).converted());
    this.pool = pool;
  }

  /** The image's reference. */
  String image() {
    return image;
  }

  /** A node of this name that is connected to its agent, if it has one. */
  Node start(String name) throws IOException, InterruptedException {
    Node node =
        Node.start(
            images.workspace(),
            images.tree(),
            name,
            RegistryAccess.plainHttp(List.of(images.registry().host())),
            pool);
    try {
      awaitAgent(node, 1);
      node.ctr().pull(Snapshotter.HARBOUR, image);
      return node;
    } catch (IOException | InterruptedException e) {
      node.close();
      throw e;
    }
  }

  /** Ends harbourd and starts it anew, until it is connected again. */
  void restart(Node node) throws IOException, InterruptedException {
    int before = connections(node);
    node.restartHarbourd();
    awaitAgent(node, before + 1);
  }

  /** Takes away what is left of a node that was closed. */
  void remove(String name) throws IOException, InterruptedException {
    Node.remove(images.workspace(), name);
  }

  /** How long Python takes until it prints something. */
  Duration untilFirstOutput(Node node) throws IOException, InterruptedException {
    return node.ctr().untilFirstOutput(Snapshotter.HARBOUR, image, List.of(), COMMAND);
  }

  /** The same in seconds, and seconds of processor time that harbourd takes meanwhile. */
  void measure(Node node, Samples time, Samples processor)
      throws IOException, InterruptedException {
    ServerProcess harbourd = node.harbourd().process();
    Duration before = harbourd.processorTime();
    time.add(seconds(untilFirstOutput(node)));
    processor.add(seconds(harbourd.processorTime().minus(before)));
  }

  private void awaitAgent(Node node, int connections) throws IOException, InterruptedException {
    if (pool.isPresent()) {
      Await.until(
          "harbourd to be connected to the agent",
          PATIENCE,
          () -> connections(node) >= connections);
    }
  }

  private static int connections(Node node) throws IOException {
    return node.harbourd().process().log().split("event=agent-connected", -1).length - 1;
  }

  private static double seconds(Duration time) {
    return time.toNanos() / 1e9;
  }
}
