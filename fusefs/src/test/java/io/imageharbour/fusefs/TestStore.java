package io.imageharbour.fusefs;

import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;

/** A content store with a source in memory. */
public final class TestStore implements AutoCloseable {

  public final ContentStore store;

  private String added = "app";

  private TestStore(ContentStore store) {
    this.store = store;
  }

  /** A store with the default configuration. */
  public static TestStore open(Path root, ContentSource... sources) throws IOException {
    return open(root, UnaryOperator.identity(), sources);
  }

  /** A store with a changed configuration. */
  public static TestStore open(
      Path root, UnaryOperator<ContentStoreConfig> change, ContentSource... sources)
      throws IOException {
    ContentStoreConfig config = change.apply(ContentStoreConfig.of(root));
    return new TestStore(
        ContentStore.open(
            config, List.of(sources), digest -> "image=app path=/" + digest.hex().charAt(0)));
  }

  /** Adds an image under a name. */
  public TestStore add(String name, FakeImage image) throws IOException {
    added = name;
    store.add(name, image.index(), image.index().origins());
    return this;
  }

  /** Where the content mount has a file of the image that was added last. */
  public Path mounted(Digest digest) {
    return mounted(added, digest);
  }

  /** Where the content mount has a file of an image. */
  public Path mounted(String image, Digest digest) {
    return store.contentDirectory(image).orElseThrow().resolve(pathOf(digest));
  }

  /** Where the CAS has a file, if it has. */
  public Path cached(Digest digest) {
    return store.casDirectory().resolve(pathOf(digest));
  }

  @Override
  public void close() throws IOException {
    store.close();
  }

  /** {@code ab/cdef…}. */
  public static String pathOf(Digest digest) {
    return digest.hex().substring(0, 2) + "/" + digest.hex().substring(2);
  }
}
