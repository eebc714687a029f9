package io.imageharbour.packaging.training;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.imageharbour.indexer.Digest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.Random;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * An ordinary image, made up, of the shape of a programming language with its libraries: two layers
 * with hundreds of directories of small texts, and a few big binaries; 60 MB. The same bytes every
 * time.
 */
final class TrainingImage {

  private static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";
  private static final String CONFIG = "application/vnd.oci.image.config.v1+json";
  private static final String LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

  private static final int DIRECTORIES = 125;
  private static final int IN_A_DIRECTORY = 20;
  private static final int SMALLEST = 200;
  private static final int LARGEST = 8000;
  private static final int WORDS = 2000;
  private static final int BLOCK = 64 << 10;
  private static final int MODIFIED = 1_700_000_000;

  private final Random random = new Random(1);
  private final byte[][] words = new byte[WORDS][];
  private final ObjectMapper json = new ObjectMapper();
  private final ArrayNode layers = json.createArrayNode();
  private final ArrayNode diffIds = json.createArrayNode();

  private TrainingImage() {
    for (int i = 0; i < WORDS; i++) {
      words[i] = (Integer.toString(random.nextInt(1 << 30), 36) + " ").getBytes(US_ASCII);
    }
  }

  /** Makes the image and puts it into a registry. */
  static void addTo(TrainingRegistry registry, String tag) throws IOException {
    new TrainingImage().push(registry, tag);
  }

  private void push(TrainingRegistry registry, String tag) throws IOException {
    addLayer(registry, this::writeSystem);
    addLayer(registry, this::writeLibraries);
    ObjectNode config = json.createObjectNode().put("architecture", "amd64").put("os", "linux");
    config.putObject("config").putArray("Cmd").add("/bin/sh");
    config.putObject("rootfs").put("type", "layers").set("diff_ids", diffIds);
    byte[] configBytes = json.writeValueAsBytes(config);
    ObjectNode manifest = json.createObjectNode().put("schemaVersion", 2);
    manifest.put("mediaType", MANIFEST);
    manifest.set("config", descriptor(CONFIG, registry.addBlob(configBytes), configBytes.length));
    manifest.set("layers", layers);
    registry.addManifest(
        tag, new TrainingRegistry.Manifest(MANIFEST, json.writeValueAsBytes(manifest)));
  }

  private void addLayer(TrainingRegistry registry, LayerWriter writer) throws IOException {
    MessageDigest diffId = Digest.newMessageDigest();
    ByteArrayOutputStream blob = new ByteArrayOutputStream(32 << 20);
    try (OutputStream gzip = new FastGzip(blob);
        OutputStream hashed = new DigestOutputStream(gzip, diffId);
        TarArchiveOutputStream tar = new TarArchiveOutputStream(hashed)) {
      writer.writeTo(tar);
    }
    diffIds.add(Digest.fromBytes(diffId.digest()).toString());
    layers.add(descriptor(LAYER, registry.addBlob(blob.toByteArray()), blob.size()));
  }

  private ObjectNode descriptor(String mediaType, Digest digest, int size) {
    return json.createObjectNode()
        .put("mediaType", mediaType)
        .put("digest", digest.toString())
        .put("size", size);
  }

  private void writeSystem(TarArchiveOutputStream tar) throws IOException {
    directory(tar, "bin/");
    directory(tar, "usr/lib/");
    file(tar, "bin/busybox", binary(1 << 20));
    for (String command : new String[] {"cat", "ls", "sh"}) {
      link(tar, "bin/" + command, "busybox", TarConstants.LF_SYMLINK);
    }
    link(tar, "bin/bash", "bin/busybox", TarConstants.LF_LINK);
    writeTexts(tar, "usr/lib/");
    file(tar, "usr/lib/liblarge.so.1", binary(20 << 20));
    link(tar, "usr/lib/liblarge.so", "liblarge.so.1", TarConstants.LF_SYMLINK);
  }

  private void writeLibraries(TarArchiveOutputStream tar) throws IOException {
    directory(tar, "usr/lib/packages/");
    writeTexts(tar, "usr/lib/packages/");
    file(tar, "usr/lib/packages/linear.so", binary(12 << 20));
    file(tar, "usr/lib/packages/random.so", binary(6 << 20));
    file(tar, "usr/lib/d000/.wh.f00.py", new byte[0]);
    byte[] labelled = text(SMALLEST);
    TarArchiveEntry entry = entry("usr/lib/packages/labelled", 0644, labelled.length);
    entry.addPaxHeader("SCHILY.xattr.user.training", "yes");
    put(tar, entry, labelled);
  }

  private void writeTexts(TarArchiveOutputStream tar, String parent) throws IOException {
    for (int d = 0; d < DIRECTORIES; d++) {
      String directory = "%sd%03d/".formatted(parent, d);
      directory(tar, directory);
      for (int f = 0; f < IN_A_DIRECTORY; f++) {
        file(
            tar,
            "%sf%02d.py".formatted(directory, f),
            text(SMALLEST + random.nextInt(LARGEST - SMALLEST)));
      }
    }
  }

  private byte[] text(int size) {
    byte[] text = new byte[size];
    fillWithWords(text, 0, size);
    return text;
  }

  /** Compressible by half, as programs are. */
  private byte[] binary(int size) {
    byte[] binary = new byte[size];
    random.nextBytes(binary);
    for (int block = 0; block < size; block += 2 * BLOCK) {
      fillWithWords(binary, block, Math.min(BLOCK, size - block));
    }
    return binary;
  }

  private void fillWithWords(byte[] target, int offset, int length) {
    int at = offset;
    int end = offset + length;
    while (at < end) {
      byte[] word = words[random.nextInt(WORDS)];
      int taken = Math.min(word.length, end - at);
      System.arraycopy(word, 0, target, at, taken);
      at += taken;
    }
  }

  private static void directory(TarArchiveOutputStream tar, String name) throws IOException {
    put(tar, entry(name, 0755, 0), new byte[0]);
  }

  private static void file(TarArchiveOutputStream tar, String name, byte[] bytes)
      throws IOException {
    put(tar, entry(name, 0644, bytes.length), bytes);
  }

  private static void link(TarArchiveOutputStream tar, String name, String target, byte type)
      throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(name, type);
    entry.setModTime(MODIFIED * 1000L);
    entry.setLinkName(target);
    put(tar, entry, new byte[0]);
  }

  private static TarArchiveEntry entry(String name, int permissions, int size) {
    TarArchiveEntry entry = new TarArchiveEntry(name);
    entry.setMode(permissions);
    entry.setSize(size);
    entry.setModTime(MODIFIED * 1000L);
    entry.setIds(0, 0);
    return entry;
  }

  private static void put(TarArchiveOutputStream tar, TarArchiveEntry entry, byte[] bytes)
      throws IOException {
    tar.putArchiveEntry(entry);
    tar.write(bytes);
    tar.closeArchiveEntry();
  }

  /** Writes the files of one layer. */
  @FunctionalInterface
  private interface LayerWriter {
    void writeTo(TarArchiveOutputStream tar) throws IOException;
  }

  /** At the lowest level: nobody keeps it. */
  private static final class FastGzip extends GZIPOutputStream {
    FastGzip(OutputStream out) throws IOException {
      super(out, BLOCK);
      def.setLevel(Deflater.BEST_SPEED);
    }
  }
}
