package io.imageharbour.indexer.image;

import com.github.luben.zstd.ZstdInputStream;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Recipe;
import io.imageharbour.indexer.format.IndexFormat;
import io.imageharbour.indexer.image.ImageDocument.ImageList;
import io.imageharbour.indexer.image.ImageDocument.ImageManifest;
import io.imageharbour.indexer.registry.Manifest;
import io.imageharbour.indexer.registry.ManifestNotFoundException;
import io.imageharbour.indexer.registry.Repository;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The index that lies beside an image: a manifest that names the image's as its subject, whose
 * layers are the index, the recipe of the image, and the packs that these two refer to. Safe for
 * use by several threads.
 *
 * <p>Whoever may push to the repository can put one there. Nothing but the registry says that it
 * belongs to the image.
 */
public final class AttachedIndex {

  /** The largest index file that is read, and the largest blob that holds one. */
  private static final long MAX_INDEX = 257L << 20;

  /** The largest recipe that is taken. */
  private static final long MAX_RECIPE = 256L << 20;

  /** How many manifests are looked at that say they are one. */
  private static final int MAX_CANDIDATES = 10;

  /** How many are found: who can't use one may use an older one, but not try for ever. */
  private static final int MAX_FOUND = 3;

  /** The newest first; what does not say when it was made comes last. */
  private static final Comparator<Descriptor> NEWEST_FIRST =
      Comparator.comparing(AttachedIndex::created)
          .reversed()
          .thenComparing(entry -> entry.digest().toString());

  private final Repository repository;
  private final Manifest manifest;
  private final Descriptor index;
  private final Descriptor recipe;

  private AttachedIndex(
      Repository repository, Manifest manifest, Descriptor index, Descriptor recipe) {
    this.repository = repository;
    this.manifest = manifest;
    this.index = index;
    this.recipe = recipe;
  }

  /**
   * Looks for the newest index of an image; its manifest is fetched and checked, and nothing else.
   *
   * @param image digest of the image's manifest for one platform
   * @throws io.imageharbour.indexer.HarbourException if the registry refuses
   */
  public static Optional<AttachedIndex> find(Repository repository, Digest image)
      throws IOException, InterruptedException {
    return find(repository, image, listed(repository, image), 1).stream().findFirst();
  }

  /** Looks for it as {@link #find} does, but where pushes go, whatever mirrors have. */
  public static Optional<AttachedIndex> findWherePushed(Repository repository, Digest image)
      throws IOException, InterruptedException {
    List<Manifest> pages = repository.referrersWherePushed(image, MediaTypes.ATTACHED_INDEX);
    return find(repository, image, pages, 1).stream().findFirst();
  }

  /**
   * Looks for the indexes of an image, as {@link #find} does.
   *
   * @return the newest first, and no more than a few
   */
  public static List<AttachedIndex> findAll(Repository repository, Digest image)
      throws IOException, InterruptedException {
    return find(repository, image, listed(repository, image), MAX_FOUND);
  }

  private static List<Manifest> listed(Repository repository, Digest image)
      throws IOException, InterruptedException {
    return repository.referrers(image, MediaTypes.ATTACHED_INDEX);
  }

  private static List<AttachedIndex> find(
      Repository repository, Digest image, List<Manifest> pages, int max)
      throws IOException, InterruptedException {
    ImageReader reader = new ImageReader(repository);
    List<Descriptor> candidates = new ArrayList<>();
    for (Manifest page : pages) {
      if (reader.parse(page) instanceof ImageList list) {
        candidates.addAll(list.manifests());
      }
    }
    candidates.removeIf(entry -> !entry.artifactType().equals(MediaTypes.ATTACHED_INDEX));
    candidates.sort(NEWEST_FIRST);
    List<AttachedIndex> found = new ArrayList<>();
    for (Descriptor entry : candidates.subList(0, Math.min(MAX_CANDIDATES, candidates.size()))) {
      if (found.size() < max) {
        open(repository, reader, entry.digest(), image).ifPresent(found::add);
      }
    }
    return found;
  }

  private static Instant created(Descriptor entry) {
    try {
      return OffsetDateTime.parse(entry.annotations().getOrDefault(MediaTypes.CREATED, ""))
          .toInstant();
    } catch (DateTimeParseException e) {
      return Instant.MIN;
    }
  }

  private static Optional<AttachedIndex> open(
      Repository repository, ImageReader reader, Digest digest, Digest image)
      throws IOException, InterruptedException {
    Manifest manifest;
    ImageDocument document;
    try {
      manifest = repository.manifest(digest.toString());
      document = reader.parse(manifest);
    } catch (ManifestNotFoundException | MalformedImageException e) {
      return Optional.empty(); // an older one may be whole
    }
    if (!(document instanceof ImageManifest attached)
        || !attached.artifactType().equals(MediaTypes.ATTACHED_INDEX)
        || attached.subject().filter(subject -> subject.digest().equals(image)).isEmpty()) {
      return Optional.empty();
    }
    Optional<Descriptor> index = layer(attached, MediaTypes.INDEX_BLOB);
    Optional<Descriptor> recipe = layer(attached, Recipe.MEDIA_TYPE);
    return index.filter(blob -> blob.size() <= MAX_INDEX).isPresent()
            && recipe.filter(blob -> blob.size() <= MAX_RECIPE).isPresent()
        ? Optional.of(new AttachedIndex(repository, manifest, index.get(), recipe.get()))
        : Optional.empty();
  }

  private static Optional<Descriptor> layer(ImageManifest manifest, String mediaType) {
    return manifest.layers().stream()
        .filter(layer -> layer.mediaType().equals(mediaType))
        .findFirst();
  }

  /** The manifest that brings it. */
  public Manifest manifest() {
    return manifest;
  }

  /** The recipe's blob. */
  public Descriptor recipe() {
    return recipe;
  }

  /** Fetches the index, and reads it with every check. */
  public ImageIndex read() throws IOException, InterruptedException {
    try (InputStream file = openFile()) {
      ImageIndex read =
          IndexFormat.read(file, "the index " + index.digest() + " of " + repository.name());
      file.transferTo(OutputStream.nullOutputStream());
      return read;
    }
  }

  /**
   * Fetches the file of the index as it is. The whole blob was verified when this returns.
   *
   * @throws NotAnIndexImageException if it inflates to more than an index may have
   */
  public void copyIndex(OutputStream out) throws IOException, InterruptedException {
    try (InputStream file = openFile()) {
      file.transferTo(out);
    }
  }

  /** Fetches the recipe's blob as it is. The whole blob was verified when this returns. */
  public void copyRecipe(OutputStream out) throws IOException, InterruptedException {
    try (InputStream blob = repository.openBlob(recipe.digest(), recipe.size())) {
      blob.transferTo(out);
    }
  }

  /** The file of the index; at its end the blob has been read to its end, and so verified. */
  private InputStream openFile() throws IOException, InterruptedException {
    InputStream blob = repository.openBlob(index.digest(), index.size());
    try {
      return new IndexFile(blob, new ZstdInputStream(blob));
    } catch (IOException e) {
      blob.close();
      throw e;
    }
  }

  private static final class IndexFile extends FilterInputStream {

    private final InputStream blob;
    private final byte[] rest = new byte[1024];
    private long bytes;

    IndexFile(InputStream blob, InputStream inflated) {
      super(inflated);
      this.blob = blob;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int read = super.read(target, offset, length);
      bytes += Math.max(read, 0);
      if (bytes > MAX_INDEX) {
        throw new NotAnIndexImageException(
            "the index beside an image inflates to more than " + MAX_INDEX + " bytes");
      }
      if (read < 0) {
        // the decompressor need not look for the blob's end, where its digest is checked
        while (blob.read(rest) >= 0) {
          continue;
        }
      }
      return read;
    }
  }
}
