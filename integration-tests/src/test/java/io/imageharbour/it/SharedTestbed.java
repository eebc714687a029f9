package io.imageharbour.it;

import com.fasterxml.jackson.databind.JsonNode;
import io.imageharbour.indexer.Digest;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.HarbourTree;
import io.imageharbour.testbed.Network;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.RegistryServer;
import io.imageharbour.testbed.Workspace;
import io.imageharbour.testbed.image.OciLayout;
import io.imageharbour.testbed.image.TestImages;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the integration tests of one JVM share: a workspace, a registry with the images, and each
 * image's conversion, made when first asked for. What a test breaks it makes for itself. A whole
 * run has two such JVMs at once, which take the classes in turn.
 */
final class SharedTestbed implements AutoCloseable {

  /** Of the JVMs that run tests at the same time, which this is. */
  private static final String FORK = System.getProperty("harbour.fork", "1");

  private final Workspace workspace;
  private final HarbourTree tree;
  private final TestImages images;
  private final RegistryServer registry;
  private final Map<String, Converted> conversions = new TreeMap<>();
  private String attached = "";

  /**
   * An image of the shared registry.
   *
   * @param original its reference
   * @param reference of what it was converted to
   * @param summary of the conversion, as {@code --json} prints it
   */
  record Converted(OciLayout layout, String original, String reference, JsonNode summary) {

    /** Bytes of its compressed layers. */
    long compressedBytes() throws IOException {
      return layout.layers().stream().mapToLong(OciLayout.Layer::size).sum();
    }
  }

  /** Two images with the same ordinary layer on top: of an original, and of its index image. */
  record WithLayer(String onOriginal, String onIndex) {}

  private SharedTestbed(
      Workspace workspace, HarbourTree tree, TestImages images, RegistryServer registry) {
    this.workspace = workspace;
    this.tree = tree;
    this.images = images;
    this.registry = registry;
  }

  static SharedTestbed start() throws IOException, InterruptedException {
    HarbourTree tree = HarbourTree.locate();
    // One for each checkout and JVM, on the root file system, where /tmp need not be.
    String checkout =
        Digest.sha256(tree.directory().toString().getBytes(StandardCharsets.UTF_8)).hex();
    Workspace workspace =
        Workspace.create(Path.of("/var/tmp/hb-" + checkout.substring(0, 6) + FORK));
    return new SharedTestbed(
        workspace,
        tree,
        TestImages.cached(System.out::println),
        RegistryServer.start(workspace, "r", Network.loopback()));
  }

  Workspace workspace() {
    return workspace;
  }

  HarbourTree tree() {
    return tree;
  }

  TestImages images() {
    return images;
  }

  RegistryServer registry() {
    return registry;
  }

  /** A containerd and a harbourd with nothing in them; the name is one letter or two. */
  Node node(String name) throws IOException, InterruptedException {
    return Node.start(workspace, tree, name, List.of());
  }

  Converted python() throws IOException, InterruptedException {
    return converted("python", images.python());
  }

  Converted odd() throws IOException, InterruptedException {
    return converted("odd", images.odd());
  }

  /** An image that is small enough for emulation, too. */
  synchronized Converted small() throws IOException, InterruptedException {
    Converted known = conversions.get("small");
    return known != null
        ? known
        : converted("small", SmallImage.create(workspace.directory("images/small")));
  }

  /**
   * The name of a small image that is not converted, and has its index beside it. It shares no
   * layer with others: a client would fetch none that it has.
   */
  synchronized String attached() throws IOException, InterruptedException {
    if (attached.isEmpty()) {
      OciLayout layout =
          SmallImage.create(workspace.directory("images/beside"), List.of("/bin/sh"), "beside");
      String image = registry.add(layout, "beside", "1");
      tree.attach(image);
      attached = image;
    }
    return attached;
  }

  /** An image in the shared registry, converted. */
  synchronized Converted converted(String name, OciLayout layout)
      throws IOException, InterruptedException {
    Converted known = conversions.get(name);
    if (known == null) {
      known = convert(registry, name, layout);
      conversions.put(name, known);
    }
    if (!known.layout().directory().equals(layout.directory())) {
      throw new IllegalArgumentException("another image of the shared registry is called " + name);
    }
    return known;
  }

  /**
   * An image with one more layer, and its index image with that layer, in the shared registry.
   *
   * @param name of the two, without their endings
   */
  WithLayer withLayer(Converted image, String name, OciLayout.LayerWriter layer)
      throws IOException, InterruptedException {
    Path copy = workspace.directory("images/" + name + "-index");
    Command.of("skopeo", "copy", "--quiet", "--src-tls-verify=false")
        .withArguments("docker://" + image.reference(), "oci:" + copy)
        .run();
    return new WithLayer(
        pushWithLayer(image.layout(), name + "-on-original", layer),
        pushWithLayer(OciLayout.open(copy), name + "-on-index", layer));
  }

  private String pushWithLayer(OciLayout below, String name, OciLayout.LayerWriter writer)
      throws IOException, InterruptedException {
    OciLayout layout = OciLayout.create(workspace.directory("images/" + name));
    List<OciLayout.Layer> layers = new ArrayList<>();
    for (OciLayout.Layer layer : below.layers()) {
      layers.add(layout.addLayer(below, layer));
    }
    layers.add(layout.addLayer(writer));
    layout.finish(layout.addImage(TestImages.architecture(), layers, List.of("sh")));
    return registry.add(layout, name, "1");
  }

  /** An image in a registry of the test's own, converted. */
  Converted convert(RegistryServer target, String name, OciLayout layout)
      throws IOException, InterruptedException {
    String original = target.add(layout, name, "1");
    String reference = original + "-harbour";
    return new Converted(layout, original, reference, tree.convert(original, reference));
  }

  /** Removes everything but the logs, which a failed test is explained by. */
  @Override
  public void close() throws IOException, InterruptedException {
    Command.of("sh", "-c", "mkdir -p \"$2\" && cd \"$1\" && cp --parents */log \"$2\"", "save")
        .withArguments(workspace.directory(), Path.of("target/logs", FORK).toAbsolutePath())
        .attempt();
    workspace.close();
  }
}
