package io.imageharbour.indexer.convert;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.ImageIndex;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.BiConsumer;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tuple;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Layers nobody would make, unpacked by containerd and merged here. */
class RandomLayersTest {

  @SuppressWarnings("NullAway.Init") // set before the container runs
  private static Containerd containerd;

  @BeforeContainer
  static void start() throws Exception {
    containerd = Containerd.start();
  }

  @AfterContainer
  static void stop() throws Exception {
    containerd.close();
  }

  /** An entry of a layer. */
  record Step(String what, String path, String target) {

    void addTo(LayerTar layer) {
      BiConsumer<LayerTar, Step> add =
          switch (what) {
            case "directory" -> (tar, s) -> tar.directory(s.path, 0700 + s.target.length());
            case "file" -> (tar, s) -> tar.file(s.path, s.target);
            case "symlink" -> (tar, s) -> tar.symlink(s.path, s.target);
            case "whiteout" -> (tar, s) -> tar.whiteout(s.path);
            case "opaque" -> (tar, s) -> tar.opaque(s.path);
            case "hard link" -> (tar, s) -> tar.hardLink(s.path, s.target);
            case "device" -> (tar, s) -> tar.device(s.path, 0, s.target.length() - 1);
            default -> throw new AssertionError(what);
          };
      add.accept(layer, this);
    }
  }

  @Property(tries = 60, shrinking = ShrinkingMode.BOUNDED)
  void theTreeIsTheOneThatContainerdShows(@ForAll("images") List<List<Step>> image)
      throws Exception {
    List<byte[]> layers =
        image.stream()
            .map(
                steps -> {
                  LayerTar layer = new LayerTar();
                  steps.forEach(step -> step.addTo(layer));
                  return layer.toBytes();
                })
            .toList();
    Optional<SortedMap<String, String>> theirs = containerd.tree(layers);
    ImageIndex index;
    try {
      index = new MemoryConversion().convert(layers);
    } catch (UnconvertibleImageException e) {
      assertThat(theirs).as("what containerd makes of: " + e.getMessage()).isEmpty();
      return;
    }
    if (theirs.isPresent()) {
      assertThat(TreeListing.withoutNow(TreeListing.of(index), theirs.get()))
          .isEqualTo(theirs.get());
    }
  }

  @Provide
  Arbitrary<List<List<Step>>> images() {
    Arbitrary<String> name = Arbitraries.of("a", "b", "c");
    Arbitrary<String> path =
        name.list().ofMinSize(1).ofMaxSize(3).map(names -> String.join("/", names));
    Arbitrary<String> target =
        Combinators.combine(Arbitraries.of("", "/", "../"), path).as((start, end) -> start + end);
    Arbitrary<Step> step =
        Arbitraries.frequencyOf(
            List.of(
                of(6, "file", path, path),
                of(5, "directory", path, path),
                of(2, "symlink", path, target),
                of(2, "whiteout", path, path),
                of(1, "opaque", path, path),
                of(1, "hard link", path, path),
                of(1, "device", path, name)));
    return step.list().ofMinSize(1).ofMaxSize(6).list().ofMinSize(1).ofMaxSize(4);
  }

  private static Tuple.Tuple2<Integer, Arbitrary<Step>> of(
      int frequency, String what, Arbitrary<String> path, Arbitrary<String> target) {
    return Tuple.of(
        frequency, Combinators.combine(path, target).as((p, t) -> new Step(what, p, t)));
  }
}
