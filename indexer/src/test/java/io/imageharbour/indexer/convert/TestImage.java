package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.Repository;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;

/** An ordinary image of given layers, pushed to a registry. */
record TestImage(String manifestType, String configType, String platform, List<Layer> layers) {

  static final String OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
  static final String OCI_INDEX = "application/vnd.oci.image.index.v1+json";
  static final String OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
  static final String OCI_LAYER = "application/vnd.oci.image.layer.v1.tar";

  /** A layer as it is in the registry, and the digest of what it decompresses to. */
  record Layer(String mediaType, byte[] blob, Digest diffId) {

    static Layer gzip(byte[] tar) {
      return new Layer(OCI_LAYER + "+gzip", compress(tar), Digest.sha256(tar));
    }

    private static byte[] compress(byte[] tar) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
        gzip.write(tar);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return bytes.toByteArray();
    }
  }

  static TestImage of(LayerTar... layers) {
    List<Layer> compressed = new ArrayList<>();
    for (LayerTar layer : layers) {
      compressed.add(Layer.gzip(layer.toBytes()));
    }
    return new TestImage(OCI_MANIFEST, OCI_CONFIG, "amd64", compressed);
  }

  static TestImage of(String platform, Layer... layers) {
    return new TestImage(OCI_MANIFEST, OCI_CONFIG, platform, List.of(layers));
  }

  /** Pushes everything and returns the manifest's descriptor. */
  String push(Repository repository, String tag) throws IOException, InterruptedException {
    String diffIds =
        layers.stream()
            .map(layer -> '"' + layer.diffId().toString() + '"')
            .collect(Collectors.joining(","));
    String history =
        layers.stream()
            .map(_ -> "{\"created_by\":\"RUN something\"}")
            .collect(Collectors.joining(","));
    byte[] config =
        """
        {"created":"2020-02-02T02:02:02Z","architecture":"%s","os":"linux",\
        "config":{"Env":["PATH=/bin"],"Entrypoint":["/bin/true"]},\
        "rootfs":{"type":"layers","diff_ids":[%s]},"history":[%s]}"""
            .formatted(platform, diffIds, history)
            .getBytes(StandardCharsets.UTF_8);
    repository.uploadBlob(config);
    for (Layer layer : layers) {
      repository.uploadBlob(layer.blob());
    }
    String descriptors =
        layers.stream()
            .map(layer -> descriptor(layer.mediaType(), layer.blob(), ""))
            .collect(Collectors.joining(","));
    byte[] manifest =
        """
        {"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[%s],\
        "annotations":{"org.opencontainers.image.title":"test"}}"""
            .formatted(manifestType, descriptor(configType, config, ""), descriptors)
            .getBytes(StandardCharsets.UTF_8);
    repository.putManifest(
        tag.isEmpty() ? Digest.sha256(manifest).toString() : tag, manifestType, manifest);
    return descriptor(
        manifestType,
        manifest,
        ",\"platform\":{\"os\":\"linux\",\"architecture\":\"" + platform + "\"}");
  }

  /** Pushes an OCI index of these descriptors. */
  static void pushIndex(Repository repository, String tag, String... descriptors)
      throws IOException, InterruptedException {
    byte[] index =
        "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"manifests\":[%s]}"
            .formatted(OCI_INDEX, String.join(",", descriptors))
            .getBytes(StandardCharsets.UTF_8);
    repository.putManifest(tag, OCI_INDEX, index);
  }

  static String descriptor(String mediaType, byte[] content, String more) {
    return "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d%s}"
        .formatted(mediaType, Digest.sha256(content), content.length, more);
  }
}
