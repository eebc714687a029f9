package io.imageharbour.testbed.image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.luben.zstd.ZstdOutputStream;
import io.imageharbour.indexer.Digest;
import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/**
 * A directory with one image, laid out as the OCI image layout specification says, so that skopeo,
 * umoci and buildah read it.
 *
 * @see <a href="https://github.com/opencontainers/image-spec/blob/main/image-layout.md">OCI image
 *     layout</a>
 */
public final class OciLayout {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";
  private static final String INDEX = "application/vnd.oci.image.index.v1+json";
  private static final String CONFIG = "application/vnd.oci.image.config.v1+json";
  private final Path directory;

  private OciLayout(Path directory) {
    this.directory = directory;
  }

  /** A layer: its blob, compressed, and the digest of what is inside. */
  public record Layer(String mediaType, Digest blob, long size, Digest uncompressed) {

    /** The same blob under another media type. */
    public Layer as(String otherType) {
      return new Layer(otherType, blob, size, uncompressed);
    }
  }

  /** How a layer is compressed. */
  public enum Compression {
    NONE("application/vnd.oci.image.layer.v1.tar"),
    /** At level 6, as the usual tools do. */
    GZIP("application/vnd.oci.image.layer.v1.tar+gzip"),
    ZSTD("application/vnd.oci.image.layer.v1.tar+zstd");

    private final String mediaType;

    Compression(String mediaType) {
      this.mediaType = mediaType;
    }

    /** The media type of such a layer. */
    public String mediaType() {
      return mediaType;
    }

    private OutputStream compress(OutputStream out) throws IOException {
      return switch (this) {
        case NONE -> out;
        case GZIP -> new GzipStream(out);
        case ZSTD -> new ZstdOutputStream(out);
      };
    }
  }

  /** A blob and what it is. */
  public record Descriptor(String mediaType, Digest digest, long size) {}

  /** Something that writes a tar stream. */
  @FunctionalInterface
  public interface LayerWriter {
    void writeTo(OutputStream tar) throws IOException, InterruptedException;
  }

  /** Makes an empty layout in a directory that may exist. */
  public static OciLayout create(Path directory) throws IOException {
    Files.createDirectories(directory.resolve("blobs/sha256"));
    Files.writeString(directory.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
    return new OciLayout(directory);
  }

  /** A layout that was finished before. */
  public static OciLayout open(Path directory) {
    return new OciLayout(directory);
  }

  public Path directory() {
    return directory;
  }

  /** Adds a layer, compressed with gzip. */
  public Layer addLayer(LayerWriter writer) throws IOException, InterruptedException {
    return addLayer(Compression.GZIP, writer);
  }

  /** Adds a layer. */
  public Layer addLayer(Compression compression, LayerWriter writer)
      throws IOException, InterruptedException {
    MessageDigest inner = Digest.newMessageDigest();
    MessageDigest outer = Digest.newMessageDigest();
    Path temporary = directory.resolve("layer.tmp");
    try (OutputStream file = Files.newOutputStream(temporary);
        OutputStream hashed = new DigestOutputStream(file, outer);
        OutputStream packed = new BufferedOutputStream(compression.compress(hashed), 1 << 17);
        OutputStream tar = new DigestOutputStream(packed, inner)) {
      writer.writeTo(new Unclosed(tar));
    }
    Digest blob = Digest.fromBytes(outer.digest());
    long size = Files.size(temporary);
    Files.move(temporary, blob(blob));
    return new Layer(compression.mediaType, blob, size, Digest.fromBytes(inner.digest()));
  }

  /** Adds a layer that another layout has, without copying it where the file system allows. */
  public Layer addLayer(OciLayout other, Layer layer) throws IOException {
    BlobFiles.linkOrCopy(other.blob(layer.blob()), blob(layer.blob()));
    return layer;
  }

  /** Adds a small blob. */
  public Descriptor addBlob(String mediaType, byte[] bytes) throws IOException {
    Digest digest = Digest.sha256(bytes);
    Files.write(blob(digest), bytes);
    return new Descriptor(mediaType, digest, bytes.length);
  }

  /** Adds config and manifest of an image. */
  public Descriptor addImage(String architecture, List<Layer> layers, List<String> command)
      throws IOException {
    return addImage(
        architecture,
        layers,
        config -> command.forEach(config.withObject("/config").withArrayProperty("Cmd")::add));
  }

  /**
   * Adds config and manifest of an image.
   *
   * @param more adds to the config, which has the layers, a platform and a PATH
   */
  public Descriptor addImage(String architecture, List<Layer> layers, Consumer<ObjectNode> more)
      throws IOException {
    ObjectNode config = JSON.createObjectNode();
    config.put("created", "2024-02-29T12:34:56Z").put("architecture", architecture);
    config.put("os", "linux");
    ObjectNode process = config.putObject("config");
    process
        .putArray("Env")
        .add("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    ArrayNode diffIds = config.putObject("rootfs").put("type", "layers").putArray("diff_ids");
    ArrayNode history = config.putArray("history");
    ObjectNode manifest = JSON.createObjectNode();
    manifest.put("schemaVersion", 2).put("mediaType", MANIFEST);
    ArrayNode layerList = JSON.createArrayNode();
    for (Layer layer : layers) {
      diffIds.add(layer.uncompressed().toString());
      history.addObject().put("created", "2024-02-29T12:34:56Z").put("created_by", "testbed");
      layerList.add(json(new Descriptor(layer.mediaType(), layer.blob(), layer.size())));
    }
    more.accept(config);
    manifest.set("config", json(addBlob(CONFIG, JSON.writeValueAsBytes(config))));
    manifest.set("layers", layerList);
    return addBlob(MANIFEST, JSON.writeValueAsBytes(manifest));
  }

  /** Adds an index of one image for each architecture. */
  public Descriptor addIndex(Map<String, Descriptor> images) throws IOException {
    ObjectNode index = JSON.createObjectNode();
    index.put("schemaVersion", 2).put("mediaType", INDEX);
    ArrayNode manifests = index.putArray("manifests");
    images.forEach(
        (architecture, image) ->
            manifests.add(json(image).set("platform", platform(architecture))));
    return addBlob(INDEX, JSON.writeValueAsBytes(index));
  }

  /** Names the manifest or index that this layout is about; nothing may be added afterwards. */
  public OciLayout finish(Descriptor image) throws IOException {
    ObjectNode index = JSON.createObjectNode();
    index.put("schemaVersion", 2).putArray("manifests").add(json(image));
    Files.write(directory.resolve("index.json"), JSON.writeValueAsBytes(index));
    return this;
  }

  /** The manifest or index that this layout is about. */
  public Descriptor image() throws IOException {
    JsonNode image =
        JSON.readTree(directory.resolve("index.json").toFile()).path("manifests").path(0);
    return new Descriptor(
        image.path("mediaType").asText(),
        Digest.parse(image.path("digest").asText()),
        image.path("size").asLong());
  }

  /** The layers of an image of one platform, lowest first. */
  public List<Layer> layers() throws IOException {
    JsonNode manifest = JSON.readTree(blob(image().digest()).toFile());
    JsonNode config =
        JSON.readTree(blob(Digest.parse(manifest.path("config").path("digest").asText())).toFile());
    JsonNode diffIds = config.path("rootfs").path("diff_ids");
    JsonNode blobs = manifest.path("layers");
    return Stream.iterate(0, i -> i < blobs.size(), i -> i + 1)
        .map(
            i ->
                new Layer(
                    blobs.path(i).path("mediaType").asText(),
                    Digest.parse(blobs.path(i).path("digest").asText()),
                    blobs.path(i).path("size").asLong(),
                    Digest.parse(diffIds.path(i).asText())))
        .toList();
  }

  /** The file of a blob. */
  public Path blob(Digest digest) {
    return directory.resolve("blobs/sha256").resolve(digest.hex());
  }

  /** The files of all blobs; each is named by its digest in hexadecimal digits. */
  public List<Path> blobs() throws IOException {
    try (Stream<Path> files = Files.list(directory.resolve("blobs/sha256"))) {
      return files.sorted().toList();
    }
  }

  private static ObjectNode json(Descriptor descriptor) {
    return JSON.createObjectNode()
        .put("mediaType", descriptor.mediaType())
        .put("digest", descriptor.digest().toString())
        .put("size", descriptor.size());
  }

  private static ObjectNode platform(String architecture) {
    return JSON.createObjectNode().put("architecture", architecture).put("os", "linux");
  }

  private static final class GzipStream extends GZIPOutputStream {
    GzipStream(OutputStream out) throws IOException {
      super(out, 1 << 16);
      def.setLevel(6);
    }
  }

  /** Keeps a writer that closes its stream from closing ours. */
  private static final class Unclosed extends FilterOutputStream {
    Unclosed(OutputStream out) {
      super(out);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
    }

    @Override
    public void close() throws IOException {
      flush();
    }
  }
}
