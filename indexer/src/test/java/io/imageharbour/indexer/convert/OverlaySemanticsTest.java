package io.imageharbour.indexer.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Xattr;
import io.imageharbour.indexer.pack.FrameDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.function.Consumer;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Odd layers, and that the index shows what containerd's overlayfs snapshotter shows. */
class OverlaySemanticsTest {

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
  void aWhiteoutHidesAFileOfALowerLayer() throws Exception {
    assertThat(
            same(
                new LayerTar().directory("d", 0755).file("d/a", "1").file("d/b", "2"),
                new LayerTar().whiteout("d/a")))
        .containsOnlyKeys("d", "d/b");
  }

  @Test
  void aWhiteoutHidesAWholeDirectory() throws Exception {
    assertThat(
            same(
                new LayerTar().directory("d", 0755).file("d/a", "1").file("e", "2"),
                new LayerTar().whiteout("d")))
        .containsOnlyKeys("e");
  }

  @Test
  void anOpaqueDirectoryHidesWhatLowerLayersHaveInIt() throws Exception {
    assertThat(
            same(
                new LayerTar().directory("d", 0755).file("d/a", "1").file("d/s/b", "2"),
                new LayerTar().directory("d", 0700).opaque("d").file("d/c", "3")))
        .containsOnlyKeys("d", "d/c");
  }

  @Test
  void theMarkerOfAnOpaqueDirectoryMayComeLast() throws Exception {
    assertThat(
            same(
                new LayerTar().directory("d", 0755).file("d/a", "1"),
                new LayerTar().file("d/c", "3").file("d/a", "4").opaque("d")))
        .containsOnlyKeys("d", "d/a", "d/c");
  }

  @Test
  void anOpaqueMarkerAtTheRootHidesNothing() throws Exception {
    assertThat(same(new LayerTar().file("a", "1"), new LayerTar().opaque("").file("b", "2")))
        .containsOnlyKeys("a", "b");
  }

  @Test
  void anOpaqueDirectoryUnderAnOpaqueOneChangesNothing() throws Exception {
    same(
        new LayerTar().file("d/e/a", "1"),
        new LayerTar().file("d/e/b", "2").opaque("d/e"),
        new LayerTar().file("d/e/c", "3").opaque("d"));
  }

  @Test
  void inTheBottomLayerMarkersRemoveWhatCameBefore() throws Exception {
    assertThat(
            same(
                new LayerTar()
                    .directory("d", 0755)
                    .file("d/a", "1")
                    .file("d/s/b", "2")
                    .file("f", "3")
                    .opaque("d")
                    .whiteout("f")
                    .file("d/.wh.never", "")))
        .containsOnlyKeys("d", "d/a");
  }

  @Test
  void aWhiteoutAndAFileOfTheSameNameInOneLayerShowTheFile() throws Exception {
    same(new LayerTar().file("a", "1"), new LayerTar().whiteout("a").file("a", "2"));
  }

  @Test
  void aWhiteoutBeforeADirectoryOfTheSameNameDoesNotMakeItOpaque() throws Exception {
    assertThat(
            same(
                new LayerTar().file("d/a", "1"),
                new LayerTar().whiteout("d").directory("d", 0711).file("d/b", "2")))
        .containsOnlyKeys("d", "d/a", "d/b");
  }

  @Test
  void aWhiteoutThatComesAfterItsNameHidesOnlyLowerLayers() throws Exception {
    // containerd can't unpack this; the specification says that it is about lower layers
    ImageIndex index =
        convert(
            new LayerTar().file("d/a", "1").file("f", "1"),
            new LayerTar().file("d/b", "2").whiteout("d").file("f", "2").whiteout("f"));
    assertThat(TreeListing.of(index)).containsOnlyKeys("d", "d/b", "f");
  }

  @Test
  void aWhiteoutOfNothingIsIgnored() throws Exception {
    same(new LayerTar().file("a", "1"), new LayerTar().whiteout("b").whiteout("x/y/z"));
  }

  @Test
  void whiteoutsOfImpossibleNamesAreRefused() throws Exception {
    refused("", new LayerTar().file("a", ""), new LayerTar().file(".wh.", ""));
    refused("", new LayerTar().file("a", ""), new LayerTar().file("d/.wh...", ""));
  }

  @Test
  void aFileTakesTheDirectorysPlaceAndADirectoryTheFiles() throws Exception {
    same(
        new LayerTar().file("a/x", "1").file("b", "2").symlink("c", "b"),
        new LayerTar().file("a", "3").directory("b", 0755).file("b/y", "4").file("c/z", "5"),
        new LayerTar().directory("a", 0755).file("a/w", "6"));
  }

  @Test
  void aDirectoryDoesNotShowWhatLiesBelowAFileOfItsName() throws Exception {
    assertThat(
            same(
                new LayerTar().file("d/a", "1"),
                new LayerTar().file("d", "2"),
                new LayerTar().file("d/b", "3")))
        .containsOnlyKeys("d", "d/b");
  }

  @Test
  void aCharacterDeviceWithoutNumbersIsAWhiteout() throws Exception {
    assertThat(
            same(
                new LayerTar().file("a", "1").device("null", 1, 3).device("gone", 0, 0),
                new LayerTar().device("a", 0, 0).fifo("p")))
        .containsOnlyKeys("null", "p");
  }

  @Test
  void hardLinksAreOneInodeAndTakeTheLastHeader() throws Exception {
    same(
        new LayerTar()
            .file("a", "1", entry -> entry.setMode(0600))
            .symlink("s", "a")
            .hardLink("b", "a")
            .hardLink("d/c", "/b")
            .hardLink("t", "./s"));
  }

  @Test
  void aHardLinkToALowerLayerIsRefused() throws Exception {
    refused(
        "which the same layer does not have",
        new LayerTar().file("a", "1"),
        new LayerTar().hardLink("b", "a"));
  }

  @Test
  void aHardLinkToADirectoryIsRefused() throws Exception {
    refused("hard link to the directory", new LayerTar().directory("a", 0755).hardLink("b", "a"));
  }

  @Test
  void aHiddenFileThatAHardLinkShowsIsReadBySecondPass() throws Exception {
    List<byte[]> layers =
        List.of(
            new LayerTar().file("a", "content").hardLink("b", "a").toBytes(),
            new LayerTar().whiteout("a").toBytes());
    MemoryConversion conversion = new MemoryConversion();
    ImageIndex index = conversion.convert(layers);
    assertThat(TreeListing.of(index)).containsOnlyKeys("b");
    assertThat(index.contents().getFirst().digest())
        .isEqualTo(Digest.sha256("content".getBytes(StandardCharsets.UTF_8)));
    assertThat(conversion.opened).containsExactly(1, 0, 0);
  }

  @Test
  void whatUpperLayersHideIsNotPacked() throws Exception {
    MemoryConversion conversion = new MemoryConversion();
    conversion.convert(
        List.of(
            new LayerTar()
                .file("a", "hidden by a file")
                .file("b/x", "hidden by a whiteout")
                .file("c/y/x", "hidden by an opaque directory")
                .file("d/z", "hidden by a file in its path")
                .file("e", "shown")
                .toBytes(),
            new LayerTar().file("a", "").whiteout("b").opaque("c").symlink("d", "c").toBytes()));
    byte[] pack = conversion.packs.values().iterator().next();
    assertThat(FrameDecoder.decode(pack, 5)).asString().isEqualTo("shown");
  }

  @Test
  void aLaterEntryReplacesAnEarlierOne() throws Exception {
    same(
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
  void directoriesWithoutEntriesAreLikeThoseOfTheTopmostLayerThatHasThem() throws Exception {
    same(
        new LayerTar().directory("d", 0700).directory("d/e", 0750).directory("f", 0500),
        new LayerTar().directory("d", 0711).file("f/x", "1"),
        new LayerTar().file("d/e/x", "2").file("g/h/i", "3").whiteout("f/y"));
  }

  @Test
  void aDirectoryWithoutAnEntryIsLikeThatOfALowerLayerEvenIfThatIsHidden() throws Exception {
    same(
        new LayerTar().directory("d", 0700).directory("d/e", 0750).directory("w", 0700),
        new LayerTar().directory("d", 0711).opaque("d").whiteout("w"),
        new LayerTar().file("d/e/x", "2").file("w/x", "3"));
  }

  @Test
  void theEntryOfADirectoryMayFollowItsFiles() throws Exception {
    same(
        new LayerTar().add("d/", TarConstants.LF_DIR, 0700, "", xattr("user.low", "1")),
        new LayerTar()
            .file("d/a", "1")
            .add("d/", TarConstants.LF_DIR, 0751, "", xattr("user.high", "2")));
  }

  @Test
  void theTimeOfADirectoryIsSetAtTheEndOnWhateverItsPathLeadsTo() throws Exception {
    same(new LayerTar().directory("d", 0700).whiteout("d").file("d/a", "made again"));
    same(
        new LayerTar()
            .add("other/", TarConstants.LF_DIR, 0755, "", time("5"))
            .directory("d", 0755)
            .symlink("d", "other"));
    same(new LayerTar().file("target", "1", time("5")).directory("d", 0755).symlink("d", "target"));
    same(
        new LayerTar().directory("low", 0700),
        new LayerTar().directory("d", 0755).file("low/a", "implied").symlink("d", "low"));
  }

  @Test
  void anArchiveMayEndWithItsLastByte() throws Exception {
    byte[] whole = new LayerTar().file("a", "1").file("b", "last").toBytes();
    byte[] cut = Arrays.copyOf(whole, 7 * 512 + 4);
    assertThat(same(List.of(cut))).containsOnlyKeys("a", "b");
  }

  @Test
  void aPathLeadsThroughSymbolicLinksOfItsOwnLayer() throws Exception {
    assertThat(
            same(
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
  void aSymbolicLinkOfALowerLayerIsReplacedByADirectory() throws Exception {
    assertThat(
            same(
                new LayerTar().directory("usr/lib", 0711).symlink("lib", "usr/lib"),
                new LayerTar().file("lib/a", "1")))
        .containsKeys("lib/a");
  }

  @Test
  void aPathThroughAFileIsRefused() throws Exception {
    refused("no directory", new LayerTar().file("a", "1").file("a/b", "2"));
    refused(
        "no directory",
        new LayerTar().file("a/x", "1"),
        new LayerTar().whiteout("a").file("a/b", ""));
  }

  @Test
  void circlesOfSymbolicLinksAreRefused() throws Exception {
    refused("too many", new LayerTar().symlink("a", "b").symlink("b", "a").file("a/x", "1"));
  }

  @Test
  void namesMayBeginWithASlashOrADot() throws Exception {
    same(
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
            same(
                new LayerTar()
                    .file("caf\u00e9", "1")
                    .file("d\u00ff/" + "\u0080".repeat(200), "2")
                    .symlink("l", "\u00fe\u00ff")))
        .containsKey("caf\u00e9");
  }

  @Test
  void longNamesAreKeptAndTooLongOnesRefused() throws Exception {
    String long1 = "x".repeat(255);
    same(
        new LayerTar()
            .file(long1, "1")
            .file("d/" + long1 + "/" + long1, "2")
            .symlink("l", "t".repeat(4000)));
    refused("255", new LayerTar().file("x".repeat(256), "1"));
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
    same(
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
    same(
        new LayerTar()
            .file("setuid", "1", entry -> entry.setMode(06755))
            .add("sticky/", TarConstants.LF_DIR, 01777, "", _ -> {})
            .file("owner", "2", entry -> entry.setIds(70_000, 4_000_000))
            .file("old", "3", time("-1.5"))
            .file("nanos", "4", time("1.000000001"))
            .file("far", "5", time("5000000000.5"))
            .file("beyond", "6", time("99999999999")));
  }

  private static Consumer<TarArchiveEntry> xattr(String name, String value) {
    return entry -> entry.addPaxHeader("SCHILY.xattr." + name, value);
  }

  private static Consumer<TarArchiveEntry> time(String seconds) {
    return entry -> entry.addPaxHeader("mtime", seconds);
  }

  private static ImageIndex convert(LayerTar... layers) throws Exception {
    return new MemoryConversion().convert(Arrays.stream(layers).map(LayerTar::toBytes).toList());
  }

  private static SortedMap<String, String> same(LayerTar... layers) throws Exception {
    return same(Arrays.stream(layers).map(LayerTar::toBytes).toList());
  }

  private static SortedMap<String, String> same(List<byte[]> archives) throws Exception {
    SortedMap<String, String> theirs =
        containerd.tree(archives).orElseThrow(() -> new AssertionError("containerd can't unpack"));
    ImageIndex index = new MemoryConversion().convert(archives);
    SortedMap<String, String> ours = TreeListing.withoutNow(TreeListing.of(index), theirs);
    assertThat(ours).isEqualTo(theirs);
    return ours;
  }

  private static void refused(String message, LayerTar... layers) throws Exception {
    List<byte[]> archives = Arrays.stream(layers).map(LayerTar::toBytes).toList();
    assertThat(containerd.tree(archives)).as("containerd's tree").isEmpty();
    assertThatThrownBy(() -> new MemoryConversion().convert(archives))
        .isInstanceOf(UnconvertibleImageException.class)
        .hasMessageContaining(message);
  }
}
