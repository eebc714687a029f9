package io.imageharbour.snapshotter.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotStoreTest {

  private static final Optional<String> NO_PARENT = Optional.empty();
  private static final Usage SOME = new Usage(4096, 1);

  @TempDir private Path directory;
  private SnapshotStore store;

  @BeforeEach
  void open() throws Exception {
    store = SnapshotStore.open(directory);
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Test
  void whatWasStoredIsThereAfterTheNextStart() throws Exception {
    active("a", NO_PARENT);
    store.commit("a", "base", Map.of("l", "1"), SOME, true);
    Snapshot top = active("b", Optional.of("base"));
    store.close();
    store = SnapshotStore.open(directory);
    Snapshot base = store.get("base");
    assertThat(base.kind()).isEqualTo(SnapshotKind.COMMITTED);
    assertThat(base.labels()).containsExactly(Map.entry("l", "1"));
    assertThat(base.usage()).isEqualTo(SOME);
    assertThat(base.index()).isTrue();
    assertThat(store.get("b")).isEqualTo(top);
    assertThat(store.chain("b")).containsExactly(top, base);
  }

  @Test
  void anIdIsNeverUsedTwiceEvenIfItsSnapshotIsGone() throws Exception {
    long first = active("a", NO_PARENT).id();
    store.remove("a");
    store.close();
    store = SnapshotStore.open(directory);
    assertThat(store.reserveId()).isGreaterThan(first);
    store.skipIds(1000);
    assertThat(store.reserveId()).isEqualTo(1001);
  }

  @Test
  void aNameIsTakenOnce() throws Exception {
    active("a", NO_PARENT);
    assertThatExceptionOfType(SnapshotExistsException.class)
        .isThrownBy(() -> active("a", NO_PARENT));
    active("b", NO_PARENT);
    store.commit("a", "c", Map.of(), SOME, false);
    assertThatExceptionOfType(SnapshotExistsException.class)
        .isThrownBy(() -> store.commit("b", "c", Map.of(), SOME, false));
    assertThat(store.get("b").kind()).isEqualTo(SnapshotKind.ACTIVE);
  }

  @Test
  void aParentHasToExistAndToBeCommitted() throws Exception {
    assertThatExceptionOfType(SnapshotNotFoundException.class)
        .isThrownBy(() -> active("a", Optional.of("nothing")))
        .withMessageContaining("nothing");
    active("b", NO_PARENT);
    assertThatExceptionOfType(InvalidRequestException.class)
        .isThrownBy(() -> active("c", Optional.of("b")));
    assertThat(store.find("c")).isEmpty();
  }

  @Test
  void onlyAnActiveSnapshotIsCommitted() throws Exception {
    store.create(store.reserveId(), SnapshotKind.VIEW, "v", NO_PARENT, Map.of());
    assertThatExceptionOfType(SnapshotStateException.class)
        .isThrownBy(() -> store.commit("v", "c", Map.of(), SOME, false));
    assertThat(store.find("c")).isEmpty();
    assertThatExceptionOfType(SnapshotNotFoundException.class)
        .isThrownBy(() -> store.commit("w", "c", Map.of(), SOME, false));
  }

  @Test
  void aSnapshotStaysAsLongAsOthersStandOnIt() throws Exception {
    active("a", NO_PARENT);
    store.commit("a", "base", Map.of(), SOME, false);
    active("b", Optional.of("base"));
    active("c", Optional.of("base"));
    store.commit("c", "top", Map.of(), SOME, false);
    for (String child : List.of("b", "top")) {
      assertThatExceptionOfType(SnapshotStateException.class)
          .isThrownBy(() -> store.remove("base"));
      store.remove(child);
    }
    store.remove("base");
    assertThat(store.list()).isEmpty();
  }

  @Test
  void labelsAreReplacedAndEmptyOnesAreRemoved() throws Exception {
    store.create(store.reserveId(), SnapshotKind.ACTIVE, "a", NO_PARENT, Map.of("x", "1", "y", ""));
    assertThat(store.get("a").labels()).containsOnlyKeys("x");
    Snapshot updated = store.updateLabels("a", old -> Map.of("x", "", "z", "3"));
    assertThat(updated.labels()).containsExactly(Map.entry("z", "3"));
    assertThat(updated.updated()).isAfter(updated.created());
    store.commit("a", "c", Map.of("n", "1"), SOME, false);
    assertThat(store.get("c").labels()).containsOnlyKeys("n");
  }

  @Test
  void namesMayBeLongerThanKeysOfTheDatabase() throws Exception {
    String name = "k".repeat(3000);
    active(name + "1", NO_PARENT);
    active(name + "2", NO_PARENT);
    store.remove(name + "1");
    assertThat(store.list()).extracting(Snapshot::name).containsExactly(name + "2");
    assertThatExceptionOfType(InvalidRequestException.class)
        .isThrownBy(() -> active("", NO_PARENT));
  }

  private Snapshot active(String name, Optional<String> parent) throws Exception {
    return store.create(store.reserveId(), SnapshotKind.ACTIVE, name, parent, Map.of());
  }
}
