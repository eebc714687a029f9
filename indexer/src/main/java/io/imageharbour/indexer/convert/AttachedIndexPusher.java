package io.imageharbour.indexer.convert;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.luben.zstd.Zstd;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.convert.ConversionListener.Stage;
import io.imageharbour.indexer.convert.ConversionSummary.ConvertedPlatform;
import io.imageharbour.indexer.convert.ManifestJson.PushedRecipe;
import io.imageharbour.indexer.format.IndexFormat;
import io.imageharbour.indexer.image.AttachedIndex;
import io.imageharbour.indexer.image.MediaTypes;
import io.imageharbour.indexer.registry.Manifest;
import io.imageharbour.indexer.registry.Repository;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Optional;

/**
 * Pushes indexes beside the image that they were made of, which stays as it is:
 *
 * <pre>
 * manifest of the image (linux/amd64) ◄── subject ── manifest: index, packs, recipe
 * </pre>
 *
 * Of several beside one image clients take the newest, so each says when it was made. For one
 * thread.
 *
 * @see <a href="https://github.com/opencontainers/image-spec/blob/main/manifest.md">OCI image
 *     manifest specification, subject</a>
 */
final class AttachedIndexPusher implements IndexPusher {

  /** zstd's level for indexes; beyond this one time grows faster than what is saved. */
  private static final int LEVEL = 12;

  private static final String ANNOTATIONS = "annotations";

  private final Repository repository;
  private final Digest image;
  private final ConversionListener listener;
  private long bytes;

  /**
   * @param image digest of what the image's name points to
   */
  AttachedIndexPusher(Repository repository, Digest image, ConversionListener listener) {
    this.repository = repository;
    this.image = image;
    this.listener = listener;
  }

  @Override
  public ConvertedPlatform push(SourceImage source, ImageIndex index, Optional<PushedRecipe> recipe)
      throws IOException, InterruptedException {
    listener.started(Stage.PUSH_INDEX, source.platform().toString(), 2);
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    IndexFormat.write(index, file);
    byte[] blob = Zstd.compress(file.toByteArray(), LEVEL);
    repository.uploadBlob(blob);
    repository.uploadBlob(ManifestJson.EMPTY);
    bytes += blob.length;
    listener.advanced(Stage.PUSH_INDEX, 1);
    Digest digest = put(source.digest(), manifest(source.document(), blob, index, recipe));
    listener.advanced(Stage.PUSH_INDEX, 1);
    listener.finished(Stage.PUSH_INDEX);
    return new ConvertedPlatform(source.platform(), source.digest(), digest, digest);
  }

  /** Leaves the newest one where it is if it is the same but for its age. */
  private Digest put(Digest subject, ObjectNode manifest) throws IOException, InterruptedException {
    Optional<Manifest> newest =
        AttachedIndex.findWherePushed(repository, subject).map(AttachedIndex::manifest);
    if (newest.isPresent() && isSame(newest.get(), manifest)) {
      return newest.get().digest();
    }
    manifest
        .putObject(ANNOTATIONS)
        .put(MediaTypes.CREATED, Instant.now().truncatedTo(ChronoUnit.MILLIS).toString());
    byte[] dated = ManifestJson.bytes(manifest);
    repository.putReferrer(subject, MediaTypes.ATTACHED_INDEX, MediaTypes.OCI_MANIFEST, dated);
    return Digest.sha256(dated);
  }

  private static boolean isSame(Manifest present, ObjectNode undated) {
    ObjectNode other = ManifestJson.parse(present.bytes());
    other.remove(ANNOTATIONS);
    return Arrays.equals(ManifestJson.bytes(other), ManifestJson.bytes(undated));
  }

  @Override
  public Digest finish() {
    return image;
  }

  @Override
  public long indexBytes() {
    return bytes;
  }

  private static ObjectNode manifest(
      Manifest subject, byte[] blob, ImageIndex index, Optional<PushedRecipe> recipe) {
    ObjectNode manifest = ManifestJson.artifact(MediaTypes.ATTACHED_INDEX);
    // registries that do not look at artifactType take the config's type for it
    manifest.set("config", ManifestJson.descriptor(MediaTypes.ATTACHED_INDEX, ManifestJson.EMPTY));
    ArrayNode layers = manifest.putArray("layers");
    layers.add(ManifestJson.descriptor(MediaTypes.INDEX_BLOB, blob));
    ManifestJson.addPacks(layers, index.packs(), recipe);
    manifest.set(
        "subject",
        ManifestJson.descriptor(subject.mediaType(), subject.digest(), subject.bytes().length));
    return manifest;
  }
}
