package io.imageharbour.snapshotter.source;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.RepositoryName;
import io.imageharbour.pool.cluster.ImageUse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ImageUsesTest {

  private static final Duration SOON = Duration.ofMillis(50);
  private static final Digest MANIFEST = Digest.sha256("manifest".getBytes(UTF_8));

  private final ImageUses uses = new ImageUses();
  private final BlockingQueue<List<ImageUse>> told = new LinkedBlockingQueue<>();
  private final Map<LayerOrigin, PulledImage> containerd = new ConcurrentHashMap<>();
  private final LayerSources layers =
      new LayerSources() {
        @Override
        public List<RepositoryName> of(LayerOrigin layer) {
          return List.of();
        }

        @Override
        public Optional<PulledImage> image(LayerOrigin layer) {
          return Optional.ofNullable(containerd.get(layer));
        }
      };

  @Test
  void startsAndMissesOfAnImageAreToldOnce() throws Exception {
    containerd.put(layer(1), new PulledImage("r.test/a:1", MANIFEST));
    uses.started(snapshot(1));
    uses.started(snapshot(1));
    uses.missed(origins(1), 700);
    uses.missed(origins(1), 7);
    try (ImageUseReports reports = reports()) {
      assertThat(next()).containsExactly(new ImageUse(MANIFEST, "r.test/a:1", 100, 3, 2, 707));
      assertThat(uses.image(origins(1))).contains(MANIFEST);
      uses.started(snapshot(1));
      assertThat(next()).containsExactly(new ImageUse(MANIFEST, "r.test/a:1", 100, 3, 1, 0));
    }
    assertThat(told).isEmpty();
  }

  @Test
  void anImageThatThePoolLacksIsKnownBeforeItIsToldOf() throws Exception {
    containerd.put(layer(1), new PulledImage("r.test/a:1", MANIFEST));
    try (ImageUseReports reports =
        new ImageUseReports(uses, layers, layer -> Optional.empty(), told::add, HOUR)) {
      uses.missed(origins(1), 7);
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (uses.image(origins(1)).isEmpty() && System.nanoTime() - end < 0) {
        Thread.onSpinWait();
      }
      assertThat(uses.image(origins(1))).contains(MANIFEST);
    }
    assertThat(told).isEmpty();
  }

  @Test
  void whatContainerdDoesNotKnowIsNotToldUntilItDoes() throws Exception {
    uses.started(snapshot(1));
    uses.started(snapshot(2));
    containerd.put(layer(2), new PulledImage("r.test/b:1", MANIFEST));
    try (ImageUseReports reports = reports()) {
      assertThat(next()).extracting(ImageUse::name).containsExactly("r.test/b:1");
      containerd.put(layer(1), new PulledImage("r.test/a:1", Digest.EMPTY));
      uses.started(snapshot(1));
      assertThat(next()).containsExactly(new ImageUse(Digest.EMPTY, "r.test/a:1", 100, 3, 1, 0));
    }
  }

  @Test
  void whatHasNoLayerIsNotCounted() {
    uses.started("a snapshot of somebody's");
    uses.missed(List.of(), 5);
    uses.missed(List.of("r.test/a", "containerd:broken"), 5);
    assertThat(uses.image(List.of("r.test/a"))).isEmpty();
    assertThat(uses.counted()).isEmpty();
  }

  @Test
  void ofTooManyImagesTheRestIsNotCountedUntilIdleOnesAreForgotten() {
    for (int i = 0; i < ImageUses.MOST_IMAGES + 50; i++) {
      uses.started(snapshot(i));
    }
    assertThat(uses.counted()).hasSize(ImageUses.MOST_IMAGES);
    uses.tidy();
    assertThat(uses.counted()).hasSize(ImageUses.MOST_IMAGES);
    uses.counted().forEach(image -> image.starts.reset());
    uses.tidy();
    assertThat(uses.counted()).isEmpty();
  }

  private static final Duration HOUR = Duration.ofHours(1);

  private ImageUseReports reports() {
    return new ImageUseReports(
        uses, layers, layer -> Optional.of(new ImageSize(100, 3)), told::add, SOON);
  }

  private List<ImageUse> next() throws InterruptedException {
    return Optional.ofNullable(told.poll(20, TimeUnit.SECONDS)).orElseThrow();
  }

  private static LayerOrigin layer(int number) {
    return new LayerOrigin("default", Digest.sha256(("layer " + number).getBytes(UTF_8)));
  }

  private static String snapshot(int number) {
    return "default/5/" + layer(number).diffId();
  }

  private static List<String> origins(int number) {
    return List.of("r.test/a", layer(number).toString(), "r.test/b");
  }
}
