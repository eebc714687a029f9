package io.imageharbour.cli.doctor;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What containerd's configuration says about Harbour. Files named by {@code imports} are read too,
 * as containerd does; what a later file says counts.
 *
 * @param files what was read
 * @param pluginType {@code type} of {@code proxy_plugins.harbour}
 * @param pluginAddress {@code address} of {@code proxy_plugins.harbour}
 * @param pluginRoot {@code root} of {@code proxy_plugins.harbour.exports}, which the kubelet is
 *     told
 * @param address the socket of containerd's own API
 * @param criSnapshotter which snapshotter Kubernetes gets, where the configuration says so
 * @param transferUnpacks whether the transfer service is told to unpack for Harbour
 */
record ContainerdConfig(
    List<Path> files,
    Optional<String> pluginType,
    Optional<String> pluginAddress,
    Optional<String> pluginRoot,
    Path address,
    Optional<String> criSnapshotter,
    boolean transferUnpacks) {

  /** How many files are read at most. */
  private static final int MAX_FILES = 100;

  private static final String DEFAULT_ADDRESS = "/run/containerd/containerd.sock";

  /**
   * Reads a configuration file and what it imports.
   *
   * @throws InvalidContainerdConfigException if a file is not TOML
   * @throws IOException if a file can't be read
   */
  static ContainerdConfig read(Path file) throws IOException {
    List<JsonNode> documents = new ArrayList<>();
    Set<Path> read = new LinkedHashSet<>();
    read(file.toAbsolutePath().normalize(), read, documents);
    return new ContainerdConfig(
        List.copyOf(read),
        last(documents, "/proxy_plugins/harbour/type"),
        last(documents, "/proxy_plugins/harbour/address"),
        last(documents, "/proxy_plugins/harbour/exports/root"),
        Path.of(last(documents, "/grpc/address").orElse(DEFAULT_ADDRESS)),
        // containerd 1 and 2 have it in different places
        last(documents, "/plugins/io.containerd.cri.v1.images/snapshotter")
            .or(() -> last(documents, "/plugins/io.containerd.grpc.v1.cri/containerd/snapshotter")),
        transferUnpacks(documents));
  }

  /** Tables of plugins are not merged: the last file that has one for the service counts. */
  private static boolean transferUnpacks(List<JsonNode> documents) {
    return documents.reversed().stream()
        .map(document -> document.at("/plugins/io.containerd.transfer.v1.local"))
        .filter(JsonNode::isObject)
        .findFirst()
        .map(service -> service.path("unpack_config").findValuesAsText("snapshotter"))
        .orElse(List.of())
        .contains("harbour");
  }

  private static void read(Path file, Set<Path> read, List<JsonNode> documents) throws IOException {
    if (read.size() >= MAX_FILES || !read.add(file)) {
      return;
    }
    JsonNode document;
    try {
      document = new TomlMapper().readTree(Files.readString(file));
    } catch (JacksonException e) {
      throw new InvalidContainerdConfigException(file, e);
    }
    documents.add(document);
    for (JsonNode pattern : document.path("imports")) {
      for (Path imported : matching(file.resolveSibling(pattern.asText()))) {
        read(imported, read, documents);
      }
    }
  }

  /** Files that match a path whose last component may have wildcards. */
  private static List<Path> matching(Path pattern) throws IOException {
    Path directory = pattern.normalize().getParent();
    Path name = pattern.getFileName();
    List<Path> files = new ArrayList<>();
    if (directory != null && name != null && Files.isDirectory(directory)) {
      try (DirectoryStream<Path> found = Files.newDirectoryStream(directory, name.toString())) {
        found.forEach(files::add);
      }
    }
    files.sort(null);
    return files;
  }

  private static Optional<String> last(List<JsonNode> documents, String pointer) {
    return documents.reversed().stream()
        .map(document -> document.at(pointer))
        .filter(JsonNode::isTextual)
        .map(JsonNode::textValue)
        .findFirst();
  }
}
