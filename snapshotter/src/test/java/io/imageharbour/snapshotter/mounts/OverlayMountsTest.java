package io.imageharbour.snapshotter.mounts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.imageharbour.snapshotter.store.Snapshot;
import io.imageharbour.snapshotter.store.SnapshotKind;
import io.imageharbour.snapshotter.store.Usage;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OverlayMountsTest {

  @TempDir private Path root;
  private OverlayMounts mounts;

  @BeforeEach
  void make() throws Exception {
    mounts =
        new OverlayMounts(
            new SnapshotDirectories(root),
            id -> List.of(Path.of("/cas"), Path.of("/c/" + id)),
            List.of("index=off"),
            List.of("metacopy=on"));
  }

  @Test
  void aSnapshotWithoutParentIsItsDirectory() throws Exception {
    assertThat(mounts.of(1, SnapshotKind.ACTIVE, List.of()))
        .containsExactly(new Mount("bind", s("1/fs"), List.of("rw", "rbind")));
    assertThat(mounts.of(1, SnapshotKind.VIEW, List.of()))
        .containsExactly(new Mount("bind", s("1/fs"), List.of("ro", "rbind")));
  }

  @Test
  void aViewOfOneOrdinaryLayerIsThatLayerAndOfSeveralAnOverlay() throws Exception {
    assertThat(mounts.of(2, SnapshotKind.VIEW, List.of(ordinary(1))))
        .containsExactly(new Mount("bind", s("1/fs"), List.of("ro", "rbind")));
    assertThat(mounts.of(3, SnapshotKind.VIEW, List.of(ordinary(2), ordinary(1))))
        .containsExactly(
            new Mount(
                "overlay",
                "overlay",
                List.of("index=off", "lowerdir=" + s("2/fs") + ":" + s("1/fs"))));
  }

  @Test
  void anActiveSnapshotWritesToItsOwnLayer() throws Exception {
    assertThat(mounts.of(2, SnapshotKind.ACTIVE, List.of(ordinary(1))))
        .containsExactly(
            new Mount(
                "overlay",
                "overlay",
                List.of(
                    "index=off",
                    "workdir=" + s("2/work"),
                    "upperdir=" + s("2/fs"),
                    "lowerdir=" + s("1/fs"))));
  }

  @Test
  void anIndexSnapshotIsOneOverlayWithTheContentsAsDataLayers() throws Exception {
    String tree = s("1/m") + "::/cas::/c/1";
    assertThat(mounts.of(2, SnapshotKind.VIEW, List.of(index(1))))
        .containsExactly(
            new Mount(
                "overlay", "overlay", List.of("index=off", "metacopy=on", "lowerdir=" + tree)));
    assertThat(mounts.of(3, SnapshotKind.ACTIVE, List.of(ordinary(2), index(1))))
        .containsExactly(
            new Mount(
                "overlay",
                "overlay",
                List.of(
                    "index=off",
                    "metacopy=on",
                    "workdir=" + s("3/work"),
                    "upperdir=" + s("3/fs"),
                    "lowerdir=" + s("2/fs") + ":" + tree)));
  }

  @Test
  void aTreeThatHasItsContentsItselfIsMountedLikeAnOrdinaryLayer() throws Exception {
    mounts =
        new OverlayMounts(
            new SnapshotDirectories(root), id -> List.of(), List.of("index=off"), List.of());
    assertThat(mounts.of(2, SnapshotKind.VIEW, List.of(index(1))))
        .containsExactly(new Mount("bind", s("1/m"), List.of("ro", "rbind")));
    assertThat(mounts.of(2, SnapshotKind.ACTIVE, List.of(index(1))))
        .containsExactly(
            new Mount(
                "overlay",
                "overlay",
                List.of(
                    "index=off",
                    "workdir=" + s("2/work"),
                    "upperdir=" + s("2/fs"),
                    "lowerdir=" + s("1/m"))));
  }

  @Test
  void whatAnIndexSnapshotStandsOnIsNotMounted() throws Exception {
    List<Snapshot> below = List.of(ordinary(4), index(3), index(2), ordinary(1));

    assertThat(mounts.of(5, SnapshotKind.VIEW, OverlayMounts.seen(below)))
        .containsExactly(
            new Mount(
                "overlay",
                "overlay",
                List.of(
                    "index=off",
                    "metacopy=on",
                    "lowerdir=" + s("4/fs") + ":" + s("3/m") + "::/cas::/c/3")));
  }

  @Test
  void moreLayersOnAnIndexThanAMountTakesAreRefused() throws Exception {
    List<Snapshot> many = new ArrayList<>();
    for (int id = 1000; id < 1400; id++) {
      many.add(ordinary(id));
    }
    assertThat(mounts.of(2000, SnapshotKind.ACTIVE, many)).hasSize(1);
    many.add(index(1));
    assertThatExceptionOfType(MountOptionsTooLongException.class)
        .isThrownBy(() -> mounts.of(2000, SnapshotKind.ACTIVE, many))
        .withMessageContaining("400 layers")
        .withMessageContaining("--root");
  }

  private String s(String path) {
    return root.resolve("s").resolve(path).toString();
  }

  private static Snapshot ordinary(long id) {
    return committed(id, false);
  }

  private static Snapshot index(long id) {
    return committed(id, true);
  }

  private static Snapshot committed(long id, boolean index) {
    return new Snapshot(
        id,
        "s" + id,
        Optional.empty(),
        SnapshotKind.COMMITTED,
        Map.of(),
        Instant.EPOCH,
        Instant.EPOCH,
        Usage.NONE,
        index,
        0);
  }
}
