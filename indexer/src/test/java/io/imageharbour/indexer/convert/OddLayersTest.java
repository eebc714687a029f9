package io.imageharbour.indexer.convert;

import static io.imageharbour.indexer.convert.LayerTar.time;
import static io.imageharbour.indexer.convert.LayerTar.xattr;
import static io.imageharbour.indexer.convert.MemoryConversion.convert;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.Xattr;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Odd archives: the index shows what containerd unpacks from them, and refuses what it refuses. */
class OddLayersTest {

  private static Containerd containerd;

  @BeforeAll
  static void start() throws Exception {
    containerd = Containerd.start();
  }

  @AfterAll
  static void stop() throws Exception {
    containerd.close();
  }

  @Test
  void hardLinksAreOneInodeAndTakeTheLastHeader() throws Exception {
    containerd.same(
        new LayerTar()
            .file("a", "1", entry -> entry.setMode(0600))
            .symlink("s", "a")
            .hardLink("b", "a")
            .hardLink("d/c", "/b")
            .hardLink("t", "./s"));
  }

  @Test
  void aHardLinkToADirectoryIsRefused() throws Exception {
    containerd.refused(
        "hard link to the directory", new LayerTar().directory("a", 0755).hardLink("b", "a"));
  }

  @Test
  void aLaterEntryReplacesAnEarlierOne() throws Exception {
    containerd.same(
        new LayerTar()
            .file("a", "1")
            .file("a", "2")
            .file("b/c/d", "3")
            .file("b", "4")
            .directory("d", 0700)
            .directory("d", 0711)
            .symlink("e", "a")
            .file("e", "5"));
  }

  @Test
  void theEntryOfADirectoryMayFollowItsFiles() throws Exception {
    containerd.same(
        new LayerTar().add("d/", TarConstants.LF_DIR, 0700, "", xattr("user.low", "1")),
        new LayerTar()
            .file("d/a", "1")
            .add("d/", TarConstants.LF_DIR, 0751, "", xattr("user.high", "2")));
  }

  @Test
  void theTimeOfADirectoryIsSetAtTheEndOnWhateverItsPathLeadsTo() throws Exception {
    containerd.same(new LayerTar().directory("d", 0700).whiteout("d").file("d/a", "made again"));
    containerd.same(
        new LayerTar()
            .add("other/", TarConstants.LF_DIR, 0755, "", time("5"))
            .directory("d", 0755)
            .symlink("d", "other"));
    containerd.same(
        new LayerTar().file("target", "1", time("5")).directory("d", 0755).symlink("d", "target"));
    containerd.same(
        new LayerTar().directory("low", 0700),
        new LayerTar().directory("d", 0755).file("low/a", "implied").symlink("d", "low"));
  }

  @Test
  void anArchiveMayEndWithItsLastByte() throws Exception {
    byte[] whole = new LayerTar().file("a", "1").file("b", "last").toBytes();
    byte[] cut = Arrays.copyOf(whole, 7 * 512 + 4);
    assertThat(containerd.same(List.of(cut))).containsOnlyKeys("a", "b");
  }

  @Test
  void aPathLeadsThroughSymbolicLinksOfItsOwnLayer() throws Exception {
    assertThat(
            containerd.same(
                new LayerTar()
                    .directory("usr/lib", 0755)
                    .symlink("lib", "usr/lib")
                    .symlink("abs", "/usr/../lib")
                    .symlink("usr/up", "../../usr")
                    .file("lib/a", "1")
                    .file("abs/b", "2")
                    .file("usr/up/c", "3")))
        .containsKeys("usr/lib/a", "usr/lib/b", "usr/c");
  }

  @Test
  void aPathThroughAFileIsRefused() throws Exception {
    containerd.refused("no directory", new LayerTar().file("a", "1").file("a/b", "2"));
    containerd.refused(
        "no directory",
        new LayerTar().file("a/x", "1"),
        new LayerTar().whiteout("a").file("a/b", ""));
  }

  @Test
  void circlesOfSymbolicLinksAreRefused() throws Exception {
    containerd.refused(
        "too many", new LayerTar().symlink("a", "b").symlink("b", "a").file("a/x", "1"));
  }

  @Test
  void namesMayBeginWithASlashOrADot() throws Exception {
    containerd.same(
        new LayerTar()
            .directory("./", 0700)
            .file("./a", "1")
            .file("/b", "2")
            .file("c//./d", "3")
            .symlink("/e", "/a"));
  }

  @Test
  void dotDotIsRefused() {
    assertThatThrownBy(() -> convert(new LayerTar().file("../a", "1")))
        .isInstanceOf(UnconvertibleImageException.class)
        .hasMessageContaining("\"..\"")
        .hasMessageContaining("../a");
  }

  @Test
  void namesNeedNotBeUtf8() throws Exception {
    assertThat(
            containerd.same(
                new LayerTar()
                    .file("caf\u00e9", "1")
                    .file("d\u00ff/" + "\u0080".repeat(200), "2")
                    .symlink("l", "\u00fe\u00ff")))
        .containsKey("caf\u00e9");
  }

  @Test
  void longNamesAreKeptAndTooLongOnesRefused() throws Exception {
    String long1 = "x".repeat(255);
    containerd.same(
        new LayerTar()
            .file(long1, "1")
            .file("d/" + long1 + "/" + long1, "2")
            .symlink("l", "t".repeat(4000)));
    containerd.refused("255", new LayerTar().file("x".repeat(256), "1"));
  }

  @Test
  void aPathThatNoSystemCallTakesIsKeptThoughContainerdRefusesIt() throws Exception {
    String directory = "d".repeat(250) + "/";
    LayerTar layer = new LayerTar().file(directory.repeat(20) + "bottom", "5 KB below");

    assertThat(containerd.tree(List.of(layer.toBytes()))).as("containerd's tree").isEmpty();
    assertThat(TreeListing.of(convert(layer))).containsKey(directory.repeat(20) + "bottom");
    assertThatThrownBy(() -> convert(new LayerTar().file("d/".repeat(2047) + "bottom", "1")))
        .isInstanceOf(UnconvertibleImageException.class)
        .hasMessageContaining("more than 2047 components");
  }

  @Test
  void attributesAreKeptAsTheKernelWouldTakeThem() throws Exception {
    containerd.same(
        new LayerTar()
            .file(
                "cap",
                "1",
                xattr(
                    "security.capability", "\u0001\0\0\u0002\0\u0004\0\0\0\0\0\0\0\0\0\0\0\0\0\0"))
            .file("user", "2", xattr("user.name", "value"))
            .file("trusted", "3", xattr("trusted.overlay.opaque", "y"))
            .file("odd", "4", xattr("nonsense.name", "value"))
            .add(
                "s",
                TarConstants.LF_SYMLINK,
                0777,
                "",
                xattr("user.name", "1").andThen(e -> e.setLinkName("cap")))
            .add("d", TarConstants.LF_DIR, 0755, "", xattr("user.dir", "2")));
  }

  @Test
  void anAttributeIsKeptIfErofsHasRoomForItAndOtherwiseTheMessageSaysWhatToDo() throws Exception {
    String most = "v".repeat(Xattr.MAX_VALUE_BYTES);
    assertThat(convert(new LayerTar().file("f", "1", xattr("user.big", most))).inodes().getLast())
        .extracting(inode -> inode.metadata().xattrs().getFirst().value().length)
        .isEqualTo(65_535);

    // the most that Linux takes; containerd unpacks it on xfs, for one
    assertThatThrownBy(
            () -> convert(new LayerTar().file("d/f", "1", xattr("user.big", most + "v"))))
        .isInstanceOf(UnconvertibleImageException.class)
        .hasMessageContaining("\"d/f\" can't be converted")
        .hasMessageContaining("user.big has 65536 bytes, more than the 65535")
        .hasMessageContaining("EROFS, has room for; build the image with a shorter one");
  }

  @Test
  void modesOwnersAndTimesAreKept() throws Exception {
    containerd.same(
        new LayerTar()
            .file("setuid", "1", entry -> entry.setMode(06755))
            .add("sticky/", TarConstants.LF_DIR, 01777, "", _ -> {})
            .file("owner", "2", entry -> entry.setIds(70_000, 4_000_000))
            .file("old", "3", time("-1.5"))
            .file("nanos", "4", time("1.000000001"))
            .file("far", "5", time("5000000000.5"))
            .file("beyond", "6", time("99999999999")));
  }
}
