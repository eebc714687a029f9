package io.imageharbour.testbed.bench;

import io.imageharbour.testbed.HarbourTree;
import io.imageharbour.testbed.Network;
import io.imageharbour.testbed.RegistryServer;
import io.imageharbour.testbed.Workspace;
import io.imageharbour.testbed.image.OciLayout;
import io.imageharbour.testbed.image.TestImages;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;

/** The images of a benchmark in one registry, each converted when it is first asked for. */
final class BenchmarkImages {

  static final String PYTHON = "python";
  static final String MANY_FILES = "many-files";
  static final String BIG_FILE = "big-file";

  private static final String TAG = "1";

  private final Workspace workspace;
  private final HarbourTree tree;
  private final TestImages images;
  private final RegistryServer registry;
  private final Map<String, Pair> pairs = new TreeMap<>();

  /** The names, without registry, of an original and of what it was converted to. */
  record Pair(String original, String converted) {}

  private BenchmarkImages(
      Workspace workspace, HarbourTree tree, TestImages images, RegistryServer registry) {
    this.workspace = workspace;
    this.tree = tree;
    this.images = images;
    this.registry = registry;
  }

  static BenchmarkImages open(Workspace workspace, HarbourTree tree, TestImages images)
      throws IOException, InterruptedException {
    return new BenchmarkImages(
        workspace, tree, images, RegistryServer.start(workspace, "r", Network.loopback()));
  }

  Workspace workspace() {
    return workspace;
  }

  HarbourTree tree() {
    return tree;
  }

  /** On the loopback interface. */
  RegistryServer registry() {
    return registry;
  }

  /** The same registry's contents, served somewhere else. */
  RegistryServer registryIn(Network network, String name) throws IOException, InterruptedException {
    return RegistryServer.startMirror(workspace, name, network, registry);
  }

  /** An image of this class in a registry that need not be {@link #registry()}. */
  OciLayout layout(String name) throws IOException, InterruptedException {
    return switch (name) {
      case PYTHON -> images.python();
      case MANY_FILES -> images.manyFiles();
      case BIG_FILE -> images.bigFile();
      default -> throw new IllegalArgumentException(name);
    };
  }

  Pair pair(String name) throws IOException, InterruptedException {
    Pair known = pairs.get(name);
    if (known != null) {
      return known;
    }
    String original = registry.add(layout(name), name, TAG);
    tree.convert(original, original + "-harbour");
    Pair pair = new Pair(name + ":" + TAG, name + ":" + TAG + "-harbour");
    pairs.put(name, pair);
    return pair;
  }
}
