package io.imageharbour.snapshotter.real;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.imageharbour.snapshotter.Configurations;
import io.imageharbour.snapshotter.Daemon;
import io.imageharbour.snapshotter.HarbourdConfig;
import io.imageharbour.snapshotter.proto.snapshots.Info;
import io.imageharbour.snapshotter.proto.snapshots.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Clients that pull and remove images on one base at the same time, each as it likes. */
class AttachedThreadsTest {

  private static final int CLIENTS = 6;
  private static final int IMAGES_EACH = 12;
  private static final int MAX_ATTEMPTS = 200;
  private static final int SECONDS = 120;

  @TempDir private Path directory;
  private Path mountpoints;
  private LayeredImages images;
  private Daemon daemon;
  private SnapshotCalls calls;
  private SnapshotChecks checks;

  private final ListAppender<ILoggingEvent> log = new ListAppender<>();

  @BeforeEach
  void start() throws Exception {
    log.start();
    logger().addAppender(log);
    images = LayeredImages.start(Files.createDirectory(directory.resolve("i")));
    mountpoints = Files.createDirectory(directory.resolve("m"));
    HarbourdConfig config = Configurations.in(directory, "index.attached-from = [\"*\"]");
    daemon = Daemon.start(config);
    calls = new SnapshotCalls(config.address());
    checks = new SnapshotChecks(images, config.root(), mountpoints);
  }

  private static Logger logger() {
    return (Logger) LoggerFactory.getLogger("io.imageharbour.snapshotter.mounts");
  }

  @AfterEach
  void stop() throws Exception {
    logger().detachAppender(log);
    calls.close();
    daemon.close();
    Mountpoints.unmountAllBelow(directory);
    images.close();
  }

  @Test
  void noneOfThemFindsAHollowSnapshotAndNothingIsLeft() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(CLIENTS)) {
      List<Future<Integer>> clients = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        Random random = new Random(i);
        clients.add(threads.submit(() -> pullAndRemove(random)));
      }
      int seen = 0;
      for (Future<Integer> client : clients) {
        seen += client.get(SECONDS, TimeUnit.SECONDS);
      }
      assertThat(seen).as("trees that were looked at").isGreaterThan(CLIENTS * IMAGES_EACH);
    }
    assertThat(log.list)
        .as("warnings")
        .filteredOn(event -> event.getLevel().isGreaterOrEqual(Level.WARN))
        .isEmpty();
    checks.assertNothingLeaked(calls);
    for (LayeredImage image : images.all()) {
      remove(image);
    }
    checks.assertNothingIsLeft(calls);
  }

  private int pullAndRemove(Random random) throws IOException {
    int seen = 0;
    for (int i = 0; i < IMAGES_EACH; i++) {
      LayeredImage image = images.all().get(random.nextInt(images.all().size()));
      pull(image);
      List<Info> committed =
          calls.list().stream().filter(info -> info.getKind() == Kind.COMMITTED).toList();
      for (Info info : committed) {
        seen += random.nextBoolean() && checks.assertWhole(info, calls) ? 1 : 0;
      }
      if (random.nextInt(3) > 0) {
        remove(images.all().get(random.nextInt(images.all().size())));
      }
    }
    return seen;
  }

  /** Until nobody takes away what it stands on. */
  private void pull(LayeredImage image) throws IOException {
    Optional<String> top = Optional.empty();
    for (int attempt = 0; top.isEmpty(); attempt++) {
      assertThat(attempt).as("attempts to pull " + image.reference()).isLessThan(MAX_ATTEMPTS);
      LayerPull pull = new LayerPull(image, () -> calls, mountpoints);
      try {
        top = Optional.of(pull.finish());
      } catch (StatusRuntimeException e) {
        assertThat(e.getStatus().getCode()).as(e.toString()).isEqualTo(Status.Code.NOT_FOUND);
      }
      assertThat(image.hasIndex() && pull.unpacked() > 0)
          .as("%s is unpacked although its index is there", image.reference())
          .isFalse();
    }
  }

  /** All of an image that nothing stands on, from the top down. */
  private void remove(LayeredImage image) {
    for (var chainId : image.chainIds().reversed()) {
      for (Info info : calls.list()) {
        if (info.getKind() == Kind.COMMITTED
            && chainId.toString().equals(info.getLabelsOrDefault(LayeredImage.LAYER, ""))) {
          try {
            calls.remove(info.getName());
          } catch (StatusRuntimeException e) {
            assertThat(e.getStatus().getCode())
                .as(e.toString())
                .isIn(Set.of(Status.Code.NOT_FOUND, Status.Code.FAILED_PRECONDITION));
          }
        }
      }
    }
  }
}
