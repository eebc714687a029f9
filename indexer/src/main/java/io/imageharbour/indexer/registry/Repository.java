package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;

/**
 * A repository in a registry. Safe for use by many threads; calls block, and are meant for virtual
 * threads as well.
 *
 * <p>Every call is retried while that may help and the deadline of the settings allows it, asks the
 * user's mirrors first where it only reads, and fails with a named exception of this package. It
 * ends with {@link InterruptedException} (an {@code InterruptedIOException} from streams) when the
 * thread is interrupted.
 */
public final class Repository {

  private final RegistryClient client;
  private final RepositoryName name;

  Repository(RegistryClient client, RepositoryName name) {
    this.client = client;
    this.name = name;
  }

  /** The repository's name. */
  public RepositoryName name() {
    return name;
  }

  /** Where the client's settings say that blobs may be kept for a while. */
  public Path temporaryDirectory() {
    return client.settings().temporaryDirectory();
  }

  /**
   * Fetches a manifest or an image index, at most {@link Manifest#MAX_SIZE} bytes; asked for by
   * digest, it has that digest.
   *
   * @throws ManifestNotFoundException if the registry has none
   * @throws UnexpectedManifestException if it is too big, or has another digest
   */
  public Manifest manifest(String tagOrDigest) throws IOException, InterruptedException {
    return new ManifestPull(client, name).pull(tagOrDigest);
  }

  /**
   * Opens a blob as a stream, for one thread at a time. A connection that breaks is resumed where
   * it broke. The read that would report the end throws {@link UnexpectedBlobDigestException} when
   * what came has another digest, so nothing may be trusted before the end was reached.
   *
   * @param size of the blob in bytes, as its descriptor says
   * @throws BlobNotFoundException if the registry has no such blob
   */
  public InputStream openBlob(Digest digest, long size) throws IOException, InterruptedException {
    return BlobStream.open(client, name, digest, size);
  }

  /**
   * Reads a part of a blob with one ranged request. The bytes are NOT verified: only the whole blob
   * has a digest here, the parts are the caller's to check.
   *
   * @param blobSize of the whole blob in bytes
   * @param offset of the first byte
   * @param length in bytes, at least 1; {@code offset + length} is at most {@code blobSize}
   * @return exactly {@code length} bytes
   * @throws BlobNotFoundException if the registry has no such blob
   */
  public byte[] readBlob(Digest blob, long blobSize, long offset, int length)
      throws IOException, InterruptedException {
    try (BlobRange range = openBlobRange(blob, blobSize, offset, length, length)) {
      return range.first();
    }
  }

  /**
   * Reads the beginning of a part of a blob, and opens the rest for reading, with one ranged
   * request.
   *
   * @param blobSize of the whole blob in bytes
   * @param offset of the first byte
   * @param length in bytes, at least {@code first}; {@code offset + length} is at most {@code
   *     blobSize}
   * @param first how many bytes of it have come when this returns, at least 1
   * @throws BlobNotFoundException if the registry has no such blob
   */
  public BlobRange openBlobRange(Digest blob, long blobSize, long offset, long length, int first)
      throws IOException, InterruptedException {
    return new BlobRangeRead(client, name).open(blob, blobSize, offset, length, first);
  }

  /** Whether the host that pushes go to has this blob in this repository. */
  public boolean hasBlob(Digest digest) throws IOException, InterruptedException {
    return new BlobCheck(client, name).isPresent(digest);
  }

  /**
   * Makes a blob of another repository of the same registry known here, without moving its bytes.
   *
   * @return false if the registry declined, and the blob has to be uploaded
   */
  public boolean mountBlob(Digest digest, RepositoryName from)
      throws IOException, InterruptedException {
    return new BlobMount(client, name).mount(digest, from);
  }

  /** Begins the upload of a blob whose digest and size are not known yet. */
  public BlobUpload startUpload() throws IOException, InterruptedException {
    return BlobUpload.begin(client, name);
  }

  /** Uploads a small blob, unless the registry has it. */
  public void uploadBlob(byte[] bytes) throws IOException, InterruptedException {
    if (!hasBlob(Digest.sha256(bytes))) {
      try (BlobUpload upload = startUpload()) {
        upload.write(bytes, 0, bytes.length);
        upload.commit();
      }
    }
  }

  /**
   * Pushes a manifest under a tag, or under its digest.
   *
   * @param bytes at most {@link Manifest#MAX_SIZE}
   */
  public void putManifest(String tagOrDigest, String mediaType, byte[] bytes)
      throws IOException, InterruptedException {
    boolean unused = new ManifestPush(client, name).push(tagOrDigest, mediaType, bytes);
  }

  /**
   * Pushes a manifest that names another one as its {@code subject}, under its digest, and sees to
   * it that {@link #referrers} lists it. Where the registry does not, that replaces former ones of
   * the same artifact type in the list.
   *
   * @param bytes at most {@link Manifest#MAX_SIZE}
   */
  public void putReferrer(Digest subject, String artifactType, String mediaType, byte[] bytes)
      throws IOException, InterruptedException {
    new ReferrerPush(client, name).push(subject, artifactType, mediaType, bytes);
  }

  /**
   * Lists the manifests that name this one as their {@code subject}, with the registry's API or, if
   * it has none, as the specification says for that case. A mirror that lists none of the wanted
   * type is passed over.
   *
   * @param artifactType what the caller looks for; others may be listed all the same
   * @return image indexes, at most {@link Manifest#MAX_SIZE} bytes together; none if nothing of
   *     that type refers to it
   */
  public List<Manifest> referrers(Digest subject, String artifactType)
      throws IOException, InterruptedException {
    return new ReferrerList(client, name).list(subject, artifactType);
  }

  /** Lists them as {@link #referrers} does, but asks where pushes go, and no mirror. */
  public List<Manifest> referrersWherePushed(Digest subject, String artifactType)
      throws IOException, InterruptedException {
    return new ReferrerList(client, name).listWherePushed(subject, artifactType);
  }

  /**
   * The repository's tags in the registry's order, at most {@code limit}; none if it is unknown.
   */
  public List<String> tags(int limit) throws IOException, InterruptedException {
    return new TagList(client, name).list(limit);
  }
}
