package io.imageharbour.snapshotter.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.imageharbour.fusefs.linux.Mounts;
import io.imageharbour.indexer.Digest;
import io.imageharbour.snapshotter.Configurations;
import io.imageharbour.snapshotter.Daemon;
import io.imageharbour.snapshotter.HarbourdConfig;
import io.imageharbour.snapshotter.proto.snapshots.Info;
import io.imageharbour.snapshotter.proto.snapshots.Kind;
import io.imageharbour.snapshotter.proto.types.Mount;
import io.imageharbour.snapshotter.store.Snapshot;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Does at random what clients, operators and bad disks do to snapshots of images with their index
 * beside them, and looks after every step whether all that is there is whole.
 */
class AttachedModelTest {

  private static final int STEPS = 100;
  private static final int MAX_PULLS = 3;

  private static LayeredImages images;

  @TempDir private Path directory;
  private Path mountpoints;
  private HarbourdConfig config;
  private Daemon daemon;
  private SnapshotCalls calls;
  private SnapshotChecks checks;

  private final List<LayerPull> pulls = new ArrayList<>();
  private final Map<String, Mount> containers = new HashMap<>();

  /** Files in the registry that are damaged, and what was in them. */
  private final Map<Path, byte[]> damaged = new HashMap<>();

  /** Images whose index harbourd may not have found or may not find. */
  private final Set<LayeredImage> doubtful = new HashSet<>();

  /** Inodes of an image's files on the node that are damaged. */
  private final Set<Object> broken = new HashSet<>();

  private Random random = new Random();
  private int provided;
  private int unpacked;

  @BeforeAll
  static void pushImages(@TempDir Path registry) throws Exception {
    images = LayeredImages.start(registry);
  }

  @AfterAll
  static void stopRegistry() throws Exception {
    images.close();
  }

  @BeforeEach
  void start() throws Exception {
    mountpoints = Files.createDirectory(directory.resolve("m"));
    config = Configurations.in(directory, "index.attached-from = [\"*\"]");
    checks = new SnapshotChecks(images, config.root(), mountpoints);
    startDaemon();
  }

  private void startDaemon() throws Exception {
    daemon = Daemon.start(config);
    calls = new SnapshotCalls(config.address());
  }

  @AfterEach
  void stop() throws Exception {
    stopDaemon();
    Mountpoints.unmountAllBelow(directory);
    repair();
  }

  private void stopDaemon() {
    calls.close();
    daemon.close();
  }

  @ParameterizedTest
  @ValueSource(longs = {2, 3})
  void noSnapshotIsEverHollowWhateverIsDoneInWhichOrder(long seed) throws Exception {
    random = new Random(seed);
    List<String> done = new ArrayList<>();
    try {
      for (int i = 0; i < STEPS; i++) {
        done.add(step());
        checks.assertNothingLeaked(calls, this::mayBeBroken);
        assertWhole(random.nextInt(8) == 0);
      }
      assertWhole(/* lower= */ true);
      removeEverything();
      checks.assertNothingIsLeft(calls);
    } catch (Exception | AssertionError e) {
      throw new AssertionError("seed " + seed + " after " + done + ": " + e.getMessage(), e);
    }
    assertThat(provided).as("layers that harbourd answered for").isPositive();
    assertThat(unpacked).as("layers that were unpacked").isPositive();
  }

  private String step() throws Exception {
    int what = random.nextInt(100);
    if (what < 58) {
      return goOnWithAPull();
    } else if (what < 70) {
      return useAContainer();
    } else if (what < 78) {
      return removeAny();
    } else if (what < 86) {
      return removeImage();
    } else if (what < 89) {
      return damageOrRepair();
    } else if (what < 98) {
      return restart();
    }
    calls.cleanUp();
    return "clean up";
  }

  private String goOnWithAPull() throws Exception {
    if (pulls.size() < MAX_PULLS) {
      pulls.add(new LayerPull(any(images.all()), () -> calls, mountpoints));
    }
    LayerPull pull = any(pulls);
    boolean unpacking = pull.key().isPresent();
    int before = pull.provided();
    try {
      if (pull.step().isPresent()) {
        pulls.remove(pull);
      }
      provided += pull.provided() - before;
      if (!unpacking && pull.key().isPresent()) {
        unpacked++;
        assertThat(pull.image().hasIndex() && !doubtful.contains(pull.image()))
            .as("%s is unpacked although its index is there", pull.image().reference())
            .isFalse();
      }
    } catch (StatusRuntimeException e) {
      // what it stood on is gone
      assertThat(e.getStatus().getCode() == Status.Code.NOT_FOUND || !broken.isEmpty())
          .as(e.toString())
          .isTrue();
      pulls.remove(pull);
      pull.key().ifPresent(key -> calls.remove(key));
      return "end " + pull;
    }
    return pull.toString();
  }

  /** A container writes, and what it wrote is committed or thrown away. */
  private String useAContainer() throws Exception {
    List<Info> layers =
        committed().stream().filter(info -> info.containsLabels(LayeredImage.LAYER)).toList();
    if (containers.isEmpty() || (containers.size() < 3 && random.nextBoolean())) {
      if (layers.isEmpty()) {
        return "no container";
      }
      Info layer = any(layers);
      String key =
          "container-%s-%d"
              .formatted(layer.getLabelsOrThrow(LayeredImage.LAYER), random.nextInt(1 << 30));
      if (mayBeBroken(layer)) {
        return "no container on what may be broken";
      }
      containers.put(key, calls.prepare(key, layer.getName(), Map.of()));
      return key;
    }
    String key = any(List.copyOf(containers.keySet()));
    Mount mount = Objects.requireNonNull(containers.remove(key));
    String chainId = key.substring("container-".length(), key.lastIndexOf('-'));
    if (random.nextBoolean()) {
      try (TreeMount mounted = TreeMount.of(mount, mountpoints)) {
        LayeredImages.BUILT.unpack(mounted.root());
      }
      calls.commit("built-" + key, key, Map.of(LayeredImages.BUILT_ON, chainId));
      return "commit " + key;
    }
    calls.remove(key);
    return "remove " + key;
  }

  /** Only what nothing stands on can be removed. */
  private String removeAny() {
    List<Info> all = calls.list();
    List<Info> committed = committed();
    if (committed.isEmpty()) {
      return "nothing to remove";
    }
    String name = any(committed).getName();
    boolean used = all.stream().anyMatch(info -> info.getParent().equals(name));
    Optional<Status.Code> refused = Optional.empty();
    try {
      calls.remove(name);
    } catch (StatusRuntimeException e) {
      refused = Optional.of(e.getStatus().getCode());
    }
    assertThat(refused)
        .isEqualTo(used ? Optional.of(Status.Code.FAILED_PRECONDITION) : Optional.empty());
    return "remove " + name + (used ? ", refused" : "");
  }

  /** All of an image that nothing else stands on, from the top down. */
  private String removeImage() {
    LayeredImage image = any(images.all());
    for (Digest chainId : image.chainIds().reversed()) {
      for (Info info : committed()) {
        boolean used =
            calls.list().stream().anyMatch(other -> other.getParent().equals(info.getName()));
        if (!used && chainId.toString().equals(info.getLabelsOrDefault(LayeredImage.LAYER, ""))) {
          calls.remove(info.getName());
        }
      }
    }
    return "remove " + image.reference();
  }

  /** In the registry. */
  private String damageOrRepair() throws IOException {
    if (!damaged.isEmpty()) {
      repair();
      return "repair";
    }
    LayeredImage image = any(images.all().stream().filter(LayeredImage::hasIndex).toList());
    Path file = images.blob(any(image.attached()));
    byte[] bytes = Files.readAllBytes(file);
    damaged.put(file, bytes.clone());
    doubtful.add(image);
    if (random.nextBoolean()) {
      Files.delete(file);
    } else {
      bytes[random.nextInt(bytes.length)] ^= 1;
      Files.write(file, bytes);
    }
    return "damage " + image.reference();
  }

  private void repair() throws IOException {
    for (Map.Entry<Path, byte[]> file : damaged.entrySet()) {
      Files.write(file.getKey(), file.getValue());
    }
    damaged.clear();
  }

  private String restart() throws Exception {
    stopDaemon();
    StringBuilder meanwhile = new StringBuilder();
    for (Snapshot snapshot : checks.onDisk()) {
      if (snapshot.isAttached() && random.nextBoolean()) {
        meanwhile.append(damageDisk(snapshot));
      }
    }
    startDaemon();
    broken.retainAll(inodes());
    if (damaged.isEmpty() && broken.isEmpty()) {
      // what it had not found it looks for again
      doubtful.clear();
    }
    return "restart" + meanwhile;
  }

  private String damageDisk(Snapshot snapshot) throws IOException {
    Path own = checks.directory(snapshot);
    if (random.nextInt(16) == 0) {
      String name = random.nextBoolean() ? "image-index" : "image-recipe";
      try (RandomAccessFile file = new RandomAccessFile(own.resolve(name).toFile(), "rw")) {
        file.setLength(file.length() / 2);
      }
      broken.add(inode(own.resolve(name)));
      doubtful.addAll(images.all());
      return " with half of the " + name + " of " + snapshot.name();
    }
    if (!checks.isComplete(snapshot)) {
      Files.writeString(own.resolve("index-new"), "begun");
      return " with the beginning of a tree for " + snapshot.name();
    }
    Mounts.unmountLazily(own.resolve("m"));
    switch (random.nextInt(3)) {
      case 0 -> Files.delete(own.resolve("index.erofs"));
      case 1 -> Files.write(own.resolve("index.erofs"), new byte[5000]);
      default -> {
        return " without the mount of " + snapshot.name();
      }
    }
    return " without the tree of " + snapshot.name();
  }

  private Set<Object> inodes() throws IOException {
    return checks.onDisk().stream()
        .flatMap(snapshot -> imageFiles(snapshot).stream())
        .map(AttachedModelTest::inode)
        .collect(Collectors.toSet());
  }

  private static Object inode(Path file) {
    try {
      return Files.getAttribute(file, "unix:ino");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Looks at all that is there; at lower layers that have no tree only when told to. */
  private void assertWhole(boolean lower) throws IOException {
    Set<String> without =
        checks.onDisk().stream()
            .filter(snapshot -> snapshot.isAttached() && !checks.isComplete(snapshot))
            .map(Snapshot::name)
            .collect(Collectors.toSet());
    for (Info info : committed()) {
      if (!lower && without.contains(info.getName())) {
        continue;
      }
      boolean mayBeBroken = mayBeBroken(info);
      try {
        assertThat(checks.assertWhole(info, calls)).as("there is " + info.getName()).isTrue();
      } catch (StatusRuntimeException e) {
        assertThat(mayBeBroken).as("%s is refused: %s", info.getName(), e).isTrue();
      }
    }
  }

  /** Whether a snapshot shows the index of an image whose files are damaged here. */
  private boolean mayBeBroken(Info info) throws IOException {
    Map<String, Snapshot> all =
        checks.onDisk().stream().collect(Collectors.toMap(Snapshot::name, each -> each));
    Optional<Snapshot> shown = Optional.ofNullable(all.get(info.getName()));
    while (shown.isPresent() && !shown.get().index()) {
      shown = shown.get().parent().map(all::get);
    }
    return shown.isPresent() && mayBeBroken(shown.get());
  }

  private boolean mayBeBroken(Snapshot snapshot) {
    return imageFiles(snapshot).stream().map(AttachedModelTest::inode).anyMatch(broken::contains);
  }

  private List<Path> imageFiles(Snapshot snapshot) {
    Path own = checks.directory(snapshot);
    return snapshot.isAttached()
        ? List.of(own.resolve("image-index"), own.resolve("image-recipe"))
        : List.of();
  }

  private void removeEverything() throws IOException {
    List<Info> left = calls.list();
    while (!left.isEmpty()) {
      Set<String> parents = left.stream().map(Info::getParent).collect(Collectors.toSet());
      calls.remove(
          any(left.stream().map(Info::getName).filter(name -> !parents.contains(name)).toList()));
      checks.assertNothingLeaked(calls, this::mayBeBroken);
      left = calls.list();
    }
  }

  private List<Info> committed() {
    return calls.list().stream().filter(info -> info.getKind() == Kind.COMMITTED).toList();
  }

  private <T> T any(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }
}
