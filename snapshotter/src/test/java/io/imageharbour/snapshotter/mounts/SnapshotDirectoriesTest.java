package io.imageharbour.snapshotter.mounts;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotDirectoriesTest {

  @TempDir private Path root;
  private SnapshotDirectories directories;

  @BeforeEach
  void make() throws Exception {
    directories = new SnapshotDirectories(root);
  }

  @Test
  void aLayerBelongsToTheOwnerOfItsParentAndIsReadableByAll() throws Exception {
    Path parent = Files.createDirectory(root.resolve("parent"));
    Files.setAttribute(parent, "unix:uid", 1234);
    Files.setAttribute(parent, "unix:gid", 5678);
    directories.make(1, true, parent);
    assertThat(Files.getAttribute(directories.layer(1), "unix:uid")).isEqualTo(1234);
    assertThat(Files.getAttribute(directories.layer(1), "unix:gid")).isEqualTo(5678);
    assertThat(permissions(directories.layer(1))).isEqualTo("rwxr-xr-x");
    assertThat(permissions(directories.work(1))).isEqualTo("rwx--x--x");
    directories.make(2, false, directories.noParent());
    assertThat(directories.work(2)).doesNotExist();
  }

  @Test
  void orphansAreDirectoriesThatNobodyKnowsAndNobodyMakesJustNow() throws Exception {
    for (long id = 1; id <= 3; id++) {
      directories.make(id, true, directories.noParent());
    }
    directories.made(1);
    directories.made(2);
    Path foreign = Files.createDirectory(root.resolve("s/new-1"));
    assertThat(directories.orphans(() -> Set.of(1L)::contains))
        .containsExactlyInAnyOrder(root.resolve("s/2"), foreign);
    assertThat(directories.ids()).containsExactlyInAnyOrder(1L, 2L, 3L);
  }

  @Test
  void deletingFollowsNoLinkAndMindsNoStrangeName() throws Exception {
    Path kept = Files.createDirectory(root.resolve("kept"));
    Files.createFile(kept.resolve("file"));
    directories.make(1, true, directories.noParent());
    Files.createSymbolicLink(directories.layer(1).resolve("link"), kept);
    Process touch =
        new ProcessBuilder("sh", "-c", "touch \"$(printf 'caf\\351')\" '\n' && chmod 000 .")
            .directory(directories.layer(1).toFile())
            .start();
    assertThat(touch.waitFor()).isZero();
    SnapshotDirectories.delete(directories.directory(1));
    assertThat(Files.exists(directories.directory(1), LinkOption.NOFOLLOW_LINKS)).isFalse();
    assertThat(kept.resolve("file")).exists();
    SnapshotDirectories.delete(directories.directory(1));
  }

  private static String permissions(Path path) throws Exception {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }
}
