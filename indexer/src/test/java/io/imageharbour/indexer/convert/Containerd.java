package io.imageharbour.indexer.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.ImageIndex;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/** A real containerd of its own, that shows what its overlayfs snapshotter makes of an image. */
final class Containerd implements AutoCloseable {

  private final Path directory;
  private final Process daemon;
  private final long started = Instant.now().getEpochSecond(); // layers are unpacked once
  private int images;

  private Containerd(Path directory, Process daemon) {
    this.directory = directory;
    this.daemon = daemon;
  }

  static Containerd start() throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory(Path.of("/tmp"), "h-ctd-");
    Path config = directory.resolve("config.toml");
    Files.writeString(
        config,
        """
        version = 2
        root = "%1$s/root"
        state = "%1$s/state"
        disabled_plugins = ["io.containerd.grpc.v1.cri"]
        [grpc]
        address = "%1$s/c.sock"
        [ttrpc]
        address = "%1$s/t.sock"
        """
            .formatted(directory));
    Process daemon =
        new ProcessBuilder("containerd", "--config", config.toString(), "--log-level", "error")
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("log").toFile())
            .start();
    Containerd containerd = new Containerd(directory, daemon);
    Instant deadline = Instant.now().plusSeconds(30);
    while (containerd.ctr("version").exit != 0) {
      assertThat(Instant.now()).as("containerd comes up").isBefore(deadline);
    }
    return containerd;
  }

  /**
   * What a container of an image with these layers would see.
   *
   * @param layers tar archives, the bottom one first
   * @return empty if containerd can't unpack it
   */
  Optional<SortedMap<String, String>> tree(List<byte[]> layers)
      throws IOException, InterruptedException {
    String name = "test/image:" + ++images;
    Path archive = directory.resolve("image.tar");
    Files.write(archive, archive(layers, name));
    Result imported = ctr("images", "import", archive.toString());
    if (imported.exit != 0) {
      return Optional.empty();
    }
    Path mount = Files.createDirectory(directory.resolve("m" + images));
    Result mounted = ctr("images", "mount", "--rw", name, mount.toString());
    assertThat(mounted.exit).as(mounted.text()).isZero();
    try {
      Result tar =
          run(
              "tar",
              "-C",
              mount.toString(),
              "--format=pax",
              "--xattrs",
              "--xattrs-include=*",
              "--sort=name",
              "--pax-option=delete=atime,delete=ctime",
              "-c",
              ".");
      // overlayfs lists a whiteout that has nothing to hide, and then has no such file
      assertThat(new String(tar.err, StandardCharsets.UTF_8).lines())
          .allMatch(line -> line.endsWith(": File removed before we read it"));
      return Optional.of(TreeListing.ofArchive(new ByteArrayInputStream(tar.out), started));
    } finally {
      run("umount", "-l", mount.toString());
    }
  }

  /** Asserts that these layers' index shows what a container would see, and returns that. */
  SortedMap<String, String> same(LayerTar... layers) throws IOException, InterruptedException {
    return same(Arrays.stream(layers).map(LayerTar::toBytes).toList());
  }

  SortedMap<String, String> same(List<byte[]> archives) throws IOException, InterruptedException {
    SortedMap<String, String> theirs =
        tree(archives).orElseThrow(() -> new AssertionError("containerd can't unpack"));
    ImageIndex index = new MemoryConversion().convert(archives);
    SortedMap<String, String> ours = TreeListing.withoutNow(TreeListing.of(index), theirs);
    assertThat(ours).isEqualTo(theirs);
    return ours;
  }

  /** Asserts that containerd can't unpack these layers and the conversion says why it doesn't. */
  void refused(String message, LayerTar... layers) throws IOException, InterruptedException {
    List<byte[]> archives = Arrays.stream(layers).map(LayerTar::toBytes).toList();
    assertThat(tree(archives)).as("containerd's tree").isEmpty();
    assertThatThrownBy(() -> new MemoryConversion().convert(archives))
        .isInstanceOf(UnconvertibleImageException.class)
        .hasMessageContaining(message);
  }

  @Override
  public void close() throws IOException {
    try {
      daemon.destroy();
      if (!daemon.waitFor(10, TimeUnit.SECONDS)) {
        daemon.destroyForcibly();
      }
    } catch (InterruptedException e) {
      daemon.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private record Result(int exit, byte[] out, byte[] err) {
    String text() {
      return new String(out, StandardCharsets.UTF_8) + new String(err, StandardCharsets.UTF_8);
    }
  }

  private Result ctr(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("ctr", "-a", directory + "/c.sock"));
    command.addAll(List.of(arguments));
    return run(command.toArray(String[]::new));
  }

  private Result run(String... command) throws IOException, InterruptedException {
    Path err = directory.resolve("stderr");
    Process process = new ProcessBuilder(command).redirectError(err.toFile()).start();
    byte[] out = process.getInputStream().readAllBytes();
    return new Result(process.waitFor(), out, Files.readAllBytes(err));
  }

  /** An OCI image layout in an archive, with uncompressed layers. */
  private static byte[] archive(List<byte[]> layers, String name) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
      add(tar, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
      String diffIds =
          layers.stream()
              .map(layer -> '"' + Digest.sha256(layer).toString() + '"')
              .collect(Collectors.joining(","));
      byte[] config =
          """
          {"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[%s]}}"""
              .formatted(diffIds)
              .getBytes(StandardCharsets.UTF_8);
      String descriptors =
          layers.stream()
              .map(layer -> descriptor("application/vnd.oci.image.layer.v1.tar", layer, ""))
              .collect(Collectors.joining(","));
      byte[] manifest =
          """
          {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[%s]}"""
              .formatted(
                  descriptor("application/vnd.oci.image.config.v1+json", config, ""), descriptors)
              .getBytes(StandardCharsets.UTF_8);
      add(
          tar,
          "index.json",
          "{\"schemaVersion\":2,\"manifests\":[%s]}"
              .formatted(
                  descriptor(
                      "application/vnd.oci.image.manifest.v1+json",
                      manifest,
                      ",\"annotations\":{\"io.containerd.image.name\":\"" + name + "\"}")));
      List<byte[]> blobs = new ArrayList<>(layers);
      blobs.add(config);
      blobs.add(manifest);
      for (byte[] blob : blobs.stream().distinct().toList()) {
        add(tar, "blobs/sha256/" + Digest.sha256(blob).hex(), blob);
      }
    }
    return bytes.toByteArray();
  }

  private static String descriptor(String mediaType, byte[] content, String more) {
    return "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d%s}"
        .formatted(mediaType, Digest.sha256(content), content.length, more);
  }

  private static void add(TarArchiveOutputStream tar, String name, String content)
      throws IOException {
    add(tar, name, content.getBytes(StandardCharsets.UTF_8));
  }

  private static void add(TarArchiveOutputStream tar, String name, byte[] content)
      throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(name);
    entry.setSize(content.length);
    tar.putArchiveEntry(entry);
    tar.write(content);
    tar.closeArchiveEntry();
  }
}
