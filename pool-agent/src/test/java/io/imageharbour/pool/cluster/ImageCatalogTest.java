package io.imageharbour.pool.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.Digest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageCatalogTest {

  private static EtcdServer server;
  private static int tests;

  private static final Instant NOW = Instant.ofEpochSecond(1_790_000_000);

  private String images;
  private EtcdConnection etcd;
  private ImageCatalog catalog;

  @BeforeAll
  static void startServer() throws Exception {
    server = EtcdServer.started();
  }

  @AfterAll
  static void stopServer() throws Exception {
    server.close();
    Eventually.noThreadIsLeft();
  }

  @BeforeEach
  void connect() throws Exception {
    String prefix = "/pool-" + ++tests;
    images = prefix + "/images/";
    etcd = connection(prefix, Duration.ofSeconds(20));
    catalog = new ImageCatalog(etcd, Duration.ofHours(1), () -> NOW);
  }

  private static EtcdConnection connection(String prefix, Duration timeout) throws Exception {
    return new EtcdConnection(
        new EtcdConfig(
            List.of(server.endpoint()), prefix, timeout, Optional.empty(), Optional.empty()));
  }

  @AfterEach
  void disconnect() throws Exception {
    // a test that failed may have left it stopped
    server.thaw();
    etcd.close();
  }

  @Test
  void imagesAreMadeReadChangedAndRemoved() throws Exception {
    CatalogImage image = image(1);
    assertThat(catalog.get(image.id())).isEmpty();

    assertThat(catalog.update(image.id(), none -> Optional.of(image))).contains(image);
    assertThat(catalog.get(image.id())).contains(image);

    CatalogImage placed = image.found(2, 3, Map.of("node-1", 5L, "node-2", 7L));
    assertThat(catalog.update(image.id(), now -> now.map(was -> was.found(2, 3, placed.agents()))))
        .contains(placed);
    assertThat(catalog.get(image.id())).contains(placed);

    assertThat(catalog.update(image.id(), now -> Optional.empty())).isEmpty();
    assertThat(catalog.get(image.id())).isEmpty();
    assertThat(server.get(images + image.id().hex())).isEmpty();
  }

  @Test
  void anImageIsReadableJsonInEtcd() throws Exception {
    CatalogImage image =
        new CatalogImage(
            Digest.EMPTY,
            List.of("docker.io/library/nginx:1.27", "nginx"),
            150_000_000,
            3000,
            new AccessFrequency(2.5, 1_790_000_000),
            new AccessFrequency(0.5, 1_790_000_001),
            Map.of("node-2", 75L, "node-1", 74L));
    catalog.update(image.id(), none -> Optional.of(image));

    assertThat(server.get(images + Digest.EMPTY.hex()))
        .contains(
            "{\"names\":[\"docker.io/library/nginx:1.27\",\"nginx\"],\"sizeBytes\":150000000,"
                + "\"files\":3000,\"frequency\":{\"value\":2.5,\"epochSecond\":1790000000},"
                + "\"missed\":{\"value\":0.5,\"epochSecond\":1790000001},"
                + "\"agents\":{\"node-1\":74,\"node-2\":75}}");
  }

  @Test
  void startsAndMissesAreAddedUpAndDecay() throws Exception {
    catalog.used(use(1, 4, 50));

    ImageCatalog later = new ImageCatalog(etcd, Duration.ofHours(1), () -> NOW.plusSeconds(7200));
    CatalogImage image = catalog.get(image(1).id()).orElseThrow();
    assertThat(catalog.frequency(image)).isEqualTo(4);
    assertThat(later.frequency(image)).isEqualTo(1);
    assertThat(catalog.missed(image)).isEqualTo(0.5);
    CatalogImage again = later.used(use(1, 1, 75)).orElseThrow();
    assertThat(later.frequency(again)).isEqualTo(2.0);
    assertThat(later.missed(again)).isEqualTo(0.875);
  }

  @Test
  void anImageKeepsTheSizeThatWasFoundAndItsLatestNames() throws Exception {
    Digest id = image(1).id();
    catalog.used(new ImageUse(id, "r.test/a:1", 0, 0, 1, 10));
    assertThat(catalog.get(id).map(CatalogImage::sizeBytes)).contains(0L);
    catalog.used(new ImageUse(id, "r.test/a:1", 100, 3, 1, 0));
    catalog.update(id, now -> now.map(image -> image.found(120, 4, Map.of("node-1", 60L))));
    for (int i = 0; i < CatalogImage.MAX_NAMES; i++) {
      catalog.used(new ImageUse(id, "r.test/b:" + i, 1, 1, 1, 0));
    }
    CatalogImage image = catalog.used(new ImageUse(id, "r.test/b:3", 1, 1, 1, 0)).orElseThrow();

    assertThat(image.names())
        .hasSize(CatalogImage.MAX_NAMES)
        .startsWith("r.test/b:3", "r.test/b:7", "r.test/b:6")
        .doesNotContain("r.test/a:1");
    assertThat(image.sizeBytes()).isEqualTo(120);
    assertThat(image.files()).isEqualTo(4);
    assertThat(image.agents()).containsExactly(Map.entry("node-1", 60L));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "r.test/UPPER:1", "a b", "r.test/a\n", "r.test/", "r.test/a@sha256:1", "é"})
  void whatIsNoReferenceIsNoNameOfAnImage(String name) {
    assertThatThrownBy(() -> new ImageUse(image(1).id(), name, 1, 1, 1, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void usesThatNobodyCanMakeAreRefused() {
    Digest id = image(1).id();
    assertThatThrownBy(() -> new ImageUse(id, "a:1", -1, 1, 1, 1)).hasMessageContaining("bytes");
    assertThatThrownBy(() -> new ImageUse(id, "a:1", 1, -1, 1, 1)).hasMessageContaining("files");
    assertThatThrownBy(() -> new ImageUse(id, "a:1", 1, 1, ImageUse.MOST + 1, 1))
        .hasMessageContaining("starts");
    assertThatThrownBy(() -> new ImageUse(id, "a:1", 1, 1, 1, Long.MAX_VALUE))
        .hasMessageContaining("missed");
    ImageUse most = new ImageUse(id, "a:1", 1, 1, ImageUse.MOST, ImageUse.MOST_BYTES);
    assertThat(most.plus(most)).isEqualTo(most);
  }

  @Test
  void noneOfManyChangesAtOnceIsLost() throws Exception {
    catalog.update(image(1).id(), none -> Optional.of(image(1)));
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        all.add(
            threads.submit(
                () -> {
                  for (int j = 0; j < 10; j++) {
                    catalog.used(use(1, 1, 0));
                  }
                  return null;
                }));
      }
      for (Future<?> one : all) {
        one.get();
      }
    }
    assertThat(catalog.get(image(1).id()).map(catalog::frequency)).contains(40.0);
  }

  @Test
  void aChangeIsMadeAgainOnWhatAnotherMadeMeanwhile() throws Exception {
    catalog.update(image(1).id(), none -> Optional.of(image(1)));
    AtomicInteger calls = new AtomicInteger();

    catalog.update(
        image(1).id(),
        now -> {
          if (calls.incrementAndGet() == 1) {
            unchecked(() -> catalog.used(use(1, 3, 0)));
          }
          return now.map(image -> image.found(1, 1, Map.of("node-1", 1L)));
        });

    assertThat(calls).hasValue(2);
    CatalogImage image = catalog.get(image(1).id()).orElseThrow();
    assertThat(image.agents()).containsOnlyKeys("node-1");
    assertThat(catalog.frequency(image)).isEqualTo(3);
  }

  @Test
  void aChangeThatNeverGetsThroughSaysSo() {
    assertThatThrownBy(
            () ->
                catalog.update(
                    image(1).id(),
                    now -> {
                      unchecked(() -> server.put(images + image(1).id().hex(), "x"));
                      return Optional.of(image(1));
                    }))
        .isInstanceOf(CatalogConflictException.class)
        .hasMessageContaining("20 times");
  }

  @Test
  void pagesHaveAllImagesOnceInOrder() throws Exception {
    List<Digest> ids = new ArrayList<>();
    for (int i = 0; i < 25; i++) {
      CatalogImage image = image(i);
      catalog.update(image.id(), none -> Optional.of(image));
      ids.add(image.id());
      // and much that is no image, before, among and behind them
      server.put(images + image.id().hex() + "x", "garbage");
      server.put(images + "!" + i, "garbage");
      server.put(images + "z" + i, "garbage");
    }
    server.put(images.substring(0, images.length() - 1) + "X", "garbage");
    ids.sort(null);

    for (int limit : List.of(1, 7, 25, 1000)) {
      List<Digest> found = new ArrayList<>();
      ImageCatalog.Page page = catalog.list(Optional.empty(), limit);
      add(page, limit, found);
      while (page.next().isPresent()) {
        page = catalog.list(page.next(), limit);
        add(page, limit, found);
      }
      assertThat(found).isEqualTo(ids);
    }
  }

  private static void add(ImageCatalog.Page page, int limit, List<Digest> found) {
    assertThat(page.images()).hasSizeLessThanOrEqualTo(limit);
    page.images().forEach(image -> found.add(image.id()));
  }

  @Test
  void theLargestImageFits() throws Exception {
    List<String> names =
        IntStream.range(0, CatalogImage.MAX_NAMES)
            .mapToObj(i -> "\\".repeat(CatalogImage.MAX_NAME - 2) + (10 + i))
            .toList();
    Map<String, Long> agents = new HashMap<>();
    for (int i = 0; i < CatalogImage.MAX_AGENTS; i++) {
      agents.put("a".repeat(60) + (1000 + i), Long.MAX_VALUE);
    }
    CatalogImage largest =
        new CatalogImage(
            Digest.EMPTY,
            names,
            Long.MAX_VALUE,
            Long.MAX_VALUE,
            new AccessFrequency(AccessFrequency.MOST / 3, AccessFrequency.LATEST),
            new AccessFrequency(AccessFrequency.MOST / 3, AccessFrequency.LATEST),
            agents);

    catalog.update(largest.id(), none -> Optional.of(largest));

    assertThat(catalog.get(largest.id())).contains(largest);
  }

  @Test
  void aFullCatalogTakesNoMoreButLetsChangeAndGo() throws Exception {
    ImageCatalog small = new ImageCatalog(etcd, Duration.ofHours(1), () -> NOW, 2);
    small.update(image(1).id(), none -> Optional.of(image(1)));
    small.update(image(2).id(), none -> Optional.of(image(2)));

    assertThatThrownBy(() -> small.update(image(3).id(), none -> Optional.of(image(3))))
        .isInstanceOf(CatalogFullException.class)
        .hasMessageContaining("2 images");

    small.used(use(1, 1, 0));
    small.update(image(2).id(), now -> Optional.empty());
    small.update(image(3).id(), none -> Optional.of(image(3)));
    assertThat(small.get(image(3).id())).isPresent();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "x",
        "[]",
        "{}",
        "{\"names\":[1],\"sizeBytes\":1,\"files\":1,MISSED,\"frequency\":{\"value\":1,\"epochSecond\":1}}",
        "{\"names\":[\"\"],\"sizeBytes\":1,\"files\":1,MISSED,\"frequency\":{\"value\":1,\"epochSecond\":1}}",
        "{\"names\":[],\"sizeBytes\":-1,\"files\":1,MISSED,\"frequency\":{\"value\":1,\"epochSecond\":1}}",
        "{\"names\":[],\"sizeBytes\":1,\"files\":1.5,MISSED,\"frequency\":{\"value\":1,\"epochSecond\":1}}",
        "{\"names\":[],\"sizeBytes\":1,\"files\":1,MISSED,\"frequency\":{\"value\":-1,\"epochSecond\":1}}",
        "{\"names\":[],\"sizeBytes\":1,\"files\":1,MISSED,\"frequency\":{\"value\":1e999,\"epochSecond\":1}}",
        "{\"names\":[],\"sizeBytes\":1,\"files\":1,MISSED,\"frequency\":{\"value\":1,\"epochSecond\":-1}}",
        "{\"names\":[],\"sizeBytes\":1,\"files\":1,MISSED,\"frequency\":1}",
        "{\"names\":[],\"sizeBytes\":1,\"files\":1,\"frequency\":{\"value\":1,\"epochSecond\":1}}",
        "{\"names\":[],\"sizeBytes\":1,\"files\":1,MISSED,\"frequency\":{\"value\":1,\"epochSecond\":1},"
            + "\"agents\":{\"A b\":1}}",
        "{\"names\":[],\"sizeBytes\":1,\"files\":1,MISSED,\"frequency\":{\"value\":1,\"epochSecond\":1},"
            + "\"agents\":{\"a\":-1}}",
        "{\"names\":[],\"sizeBytes\":1,\"files\":1,MISSED,\"frequency\":{\"value\":1,\"epochSecond\":1},"
            + "\"agents\":{\"a\":\"1\"}}"
      })
  void garbageCountsAsAbsentAndCanBeReplacedAndRemoved(String garbage) throws Exception {
    Digest id = image(1).id();
    server.put(
        images + id.hex(), garbage.replace("MISSED", "\"missed\":{\"value\":1,\"epochSecond\":1}"));

    assertThat(catalog.get(id)).isEmpty();
    assertThat(catalog.list(Optional.empty(), 10).images()).isEmpty();
    catalog.update(
        id,
        now -> {
          assertThat(now).isEmpty();
          return Optional.of(image(1));
        });
    assertThat(catalog.get(id)).contains(image(1));

    server.put(images + id.hex(), garbage);
    catalog.update(id, now -> Optional.empty());
    assertThat(server.get(images + id.hex())).isEmpty();
  }

  @Test
  void withoutEtcdItFailsInTimeWithAMessageThatNamesIt() throws Exception {
    try (EtcdConnection impatient = connection("/pool", Duration.ofSeconds(1))) {
      ImageCatalog images = new ImageCatalog(impatient, Duration.ofHours(1), () -> NOW);
      server.freeze();
      assertUnavailable(images);
      server.kill();
      assertUnavailable(images);
      server.start();
      Eventually.eventually(
          () -> {
            try {
              assertThat(images.get(image(1).id())).isEmpty();
            } catch (EtcdUnavailableException e) {
              throw new AssertionError(e);
            }
          });
    }
  }

  private static void assertUnavailable(ImageCatalog images) {
    assertThatThrownBy(() -> images.get(image(1).id()))
        .isInstanceOf(EtcdUnavailableException.class)
        .hasMessageContaining(server.endpoint().toString())
        .hasMessageContaining(image(1).id().hex());
  }

  @Test
  void impossibleImagesAreRefused() {
    refused(names -> names.add(""));
    refused(names -> names.add("a\nb"));
    refused(names -> names.add("a".repeat(513)));
    refused(names -> names.addAll(List.of("a", "a")));
    refused(names -> IntStream.range(0, 9).forEach(i -> names.add("n" + i)));
    assertThatThrownBy(() -> CatalogImage.of(Digest.EMPTY, List.of(), -1, 0))
        .hasMessageContaining("size");
    assertThatThrownBy(() -> CatalogImage.of(Digest.EMPTY, List.of(), 0, -1))
        .hasMessageContaining("files");
    assertThatThrownBy(() -> image(1).found(1, 1, Map.of("A", 1L))).hasMessageContaining("agent");
    assertThatThrownBy(() -> image(1).found(1, 1, Map.of("a", -1L))).hasMessageContaining("bytes");
    assertThatThrownBy(() -> catalog.list(Optional.empty(), 0)).hasMessageContaining("not 0");
    assertThatThrownBy(() -> catalog.list(Optional.empty(), 1001)).hasMessageContaining("1001");
    assertThatThrownBy(() -> catalog.update(Digest.EMPTY, none -> Optional.of(image(1))))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static void refused(Consumer<List<String>> change) {
    List<String> names = new ArrayList<>();
    change.accept(names);
    assertThatThrownBy(() -> CatalogImage.of(Digest.EMPTY, names, 1, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("name");
  }

  private interface Step {
    void run() throws Exception;
  }

  private static void unchecked(Step step) {
    try {
      step.run();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static CatalogImage image(int number) {
    return CatalogImage.of(
        Digest.sha256(new byte[] {(byte) number}), List.of("image:" + number), number, 1);
  }

  private static ImageUse use(int number, long starts, long missedBytes) {
    return new ImageUse(image(number).id(), "image:" + number, 100, 1, starts, missedBytes);
  }
}
