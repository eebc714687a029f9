package io.imageharbour.snapshotter.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.convert.ConversionListener;
import io.imageharbour.indexer.convert.ConversionOptions;
import io.imageharbour.indexer.convert.Converter;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.RegistryClient;
import io.imageharbour.indexer.registry.RegistrySettings;
import io.imageharbour.snapshotter.Programs;
import java.net.ConnectException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A real registry, and a small image in it that can run a shell. */
final class Images implements AutoCloseable {

  /** Size of the file {@code /data/big}. */
  static final int BIG = 6 << 20;

  private final Path directory;
  private final String host;
  private final Server registry;

  private Images(Path directory, String host, Server registry) {
    this.directory = directory;
    this.host = host;
    this.registry = registry;
  }

  /** Starts an empty registry. */
  static Images start(Path directory) throws Exception {
    Files.createDirectories(directory);
    int port = Server.freePort();
    Path config = directory.resolve("registry.yml");
    Files.writeString(
        config,
        """
        version: 0.1
        log: {level: error, accesslog: {disabled: true}}
        storage: {filesystem: {rootdirectory: %s/storage}, delete: {enabled: true}}
        http: {addr: "127.0.0.1:%d"}
        """
            .formatted(directory, port));
    Server registry =
        Server.start(
            directory.resolve("registry.log"),
            () -> {
              try (Socket socket = new Socket("127.0.0.1", port)) {
                return socket.isConnected();
              } catch (ConnectException e) {
                return false;
              }
            },
            "docker-registry",
            "serve",
            config.toString());
    return new Images(directory, "127.0.0.1:" + port, registry);
  }

  /** A reference to an image in this registry. */
  String reference(String name) {
    return host + "/" + name;
  }

  /** Builds an image with busybox, a big file and many small ones, and pushes it. */
  void build(String name) throws Exception {
    Path tree = directory.resolve("tree");
    Files.createDirectories(tree.resolve("bin"));
    Files.copy(Path.of("/bin/busybox"), tree.resolve("bin/busybox"));
    for (String command :
        List.of("sh", "cat", "ls", "mkdir", "md5sum", "head", "chmod", "id", "grep")) {
      Files.createSymbolicLink(tree.resolve("bin").resolve(command), Path.of("busybox"));
    }
    Path data = Files.createDirectories(tree.resolve("data"));
    byte[] big = new byte[BIG];
    new Random(1).nextBytes(big);
    Files.write(data.resolve("big"), big);
    for (int i = 0; i < 200; i++) {
      Files.writeString(data.resolve("small" + i), ("file " + i + "\n").repeat(100));
    }
    Files.setPosixFilePermissions(
        data.resolve("small1"), PosixFilePermissions.fromString("rw-------"));
    Files.createLink(data.resolve("again"), data.resolve("small2"));
    program("umoci", "init", "--layout", "oci");
    program("umoci", "new", "--image", "oci:base");
    addTar("base", tree);
    push("base", name);
  }

  /** Puts one more ordinary layer on an image and pushes the result. */
  void addLayer(String from, String to, String path, String content) throws Exception {
    Path tree = directory.resolve("added-" + System.nanoTime());
    Path file = tree.resolve(path);
    Files.createDirectories(file.resolveSibling("."));
    Files.writeString(file, content);
    program(
        "skopeo",
        "copy",
        "-q",
        "--src-tls-verify=false",
        "docker://" + reference(from),
        "oci:oci:t");
    addTar("t", tree);
    push("t", to);
  }

  /** Pushes an image whose layers are these tar archives, the bottom one first. */
  void build(String name, List<Path> layers) throws Exception {
    program("umoci", "init", "--layout", name);
    program("umoci", "new", "--image", name + ":1");
    for (Path layer : layers) {
      program("umoci", "raw", "add-layer", "--image", name + ":1", layer.toString());
    }
    pushLayout("oci:" + name + ":1", name);
  }

  /** Makes an index image of an image. */
  void convert(String from, String to) throws Exception {
    try (RegistryClient client = client()) {
      new Converter(client, ConversionOptions.defaults())
          .convert(
              ImageReference.parse(reference(from)),
              ImageReference.parse(reference(to)),
              ConversionListener.SILENT);
    }
  }

  /** Puts the index of an image beside it. */
  void attach(String name) throws Exception {
    try (RegistryClient client = client()) {
      var unused =
          new Converter(client, ConversionOptions.defaults())
              .attach(ImageReference.parse(reference(name)), ConversionListener.SILENT);
    }
  }

  /** A client for this registry. */
  RegistryClient client() throws Exception {
    return new RegistryClient(
        RegistrySettings.defaults()
            .withCertsDirectories(List.of())
            .withDockerConfigDirectory(directory));
  }

  /** The registry's file of a blob. */
  Path blob(Digest digest) {
    return directory
        .resolve("storage/docker/registry/v2/blobs/sha256")
        .resolve(digest.hex().substring(0, 2))
        .resolve(digest.hex())
        .resolve("data");
  }

  /** Copies everything that belongs to an image to another registry. */
  void copyTo(Images other, String from, String to) throws Exception {
    program(
        "skopeo",
        "copy",
        "-q",
        "--all",
        "--src-tls-verify=false",
        "--dest-tls-verify=false",
        "docker://" + reference(from),
        "docker://" + other.reference(to));
  }

  /** Copies a file tree of an OCI layout into the registry. */
  void pushLayout(String layout, String name) throws Exception {
    program(
        "skopeo", "copy", "-q", "--dest-tls-verify=false", layout, "docker://" + reference(name));
  }

  private void addTar(String tag, Path tree) throws Exception {
    program("tar", "--create", "--file", "layer.tar", "--directory", tree.toString(), ".");
    program("umoci", "raw", "add-layer", "--image", "oci:" + tag, "layer.tar");
  }

  private void push(String tag, String name) throws Exception {
    pushLayout("oci:oci:" + tag, name);
  }

  private void program(String... command) throws Exception {
    Programs.Result result = Programs.run(directory, Map.of(), command);
    assertThat(result.exitCode()).as("%s: %s", String.join(" ", command), result.output()).isZero();
  }

  @Override
  public void close() throws InterruptedException {
    registry.close();
  }
}
