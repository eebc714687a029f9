package io.imageharbour.indexer.convert;

import static io.imageharbour.indexer.convert.MemoryConversion.convert;
import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.pack.FrameDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * What one layer on another means: the index shows what containerd's overlayfs snapshotter shows.
 */
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
            containerd.same(
                new LayerTar().directory("d", 0755).file("d/a", "1").file("d/b", "2"),
                new LayerTar().whiteout("d/a")))
        .containsOnlyKeys("d", "d/b");
  }

  @Test
  void aWhiteoutHidesAWholeDirectory() throws Exception {
    assertThat(
            containerd.same(
                new LayerTar().directory("d", 0755).file("d/a", "1").file("e", "2"),
                new LayerTar().whiteout("d")))
        .containsOnlyKeys("e");
  }

  @Test
  void anOpaqueDirectoryHidesWhatLowerLayersHaveInIt() throws Exception {
    assertThat(
            containerd.same(
                new LayerTar().directory("d", 0755).file("d/a", "1").file("d/s/b", "2"),
                new LayerTar().directory("d", 0700).opaque("d").file("d/c", "3")))
        .containsOnlyKeys("d", "d/c");
  }

  @Test
  void theMarkerOfAnOpaqueDirectoryMayComeLast() throws Exception {
    assertThat(
            containerd.same(
                new LayerTar().directory("d", 0755).file("d/a", "1"),
                new LayerTar().file("d/c", "3").file("d/a", "4").opaque("d")))
        .containsOnlyKeys("d", "d/a", "d/c");
  }

  @Test
  void anOpaqueMarkerAtTheRootHidesNothing() throws Exception {
    assertThat(
            containerd.same(
                new LayerTar().file("a", "1"), new LayerTar().opaque("").file("b", "2")))
        .containsOnlyKeys("a", "b");
  }

  @Test
  void anOpaqueDirectoryUnderAnOpaqueOneChangesNothing() throws Exception {
    containerd.same(
        new LayerTar().file("d/e/a", "1"),
        new LayerTar().file("d/e/b", "2").opaque("d/e"),
        new LayerTar().file("d/e/c", "3").opaque("d"));
  }

  @Test
  void inTheBottomLayerMarkersRemoveWhatCameBefore() throws Exception {
    assertThat(
            containerd.same(
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
    containerd.same(new LayerTar().file("a", "1"), new LayerTar().whiteout("a").file("a", "2"));
  }

  @Test
  void aWhiteoutBeforeADirectoryOfTheSameNameDoesNotMakeItOpaque() throws Exception {
    assertThat(
            containerd.same(
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
    containerd.same(new LayerTar().file("a", "1"), new LayerTar().whiteout("b").whiteout("x/y/z"));
  }

  @Test
  void whiteoutsOfImpossibleNamesAreRefused() throws Exception {
    containerd.refused("", new LayerTar().file("a", ""), new LayerTar().file(".wh.", ""));
    containerd.refused("", new LayerTar().file("a", ""), new LayerTar().file("d/.wh...", ""));
  }

  @Test
  void aFileTakesTheDirectorysPlaceAndADirectoryTheFiles() throws Exception {
    containerd.same(
        new LayerTar().file("a/x", "1").file("b", "2").symlink("c", "b"),
        new LayerTar().file("a", "3").directory("b", 0755).file("b/y", "4").file("c/z", "5"),
        new LayerTar().directory("a", 0755).file("a/w", "6"));
  }

  @Test
  void aDirectoryDoesNotShowWhatLiesBelowAFileOfItsName() throws Exception {
    assertThat(
            containerd.same(
                new LayerTar().file("d/a", "1"),
                new LayerTar().file("d", "2"),
                new LayerTar().file("d/b", "3")))
        .containsOnlyKeys("d", "d/b");
  }

  @Test
  void aCharacterDeviceWithoutNumbersIsAWhiteout() throws Exception {
    assertThat(
            containerd.same(
                new LayerTar().file("a", "1").device("null", 1, 3).device("gone", 0, 0),
                new LayerTar().device("a", 0, 0).fifo("p")))
        .containsOnlyKeys("null", "p");
  }

  @Test
  void aHardLinkToALowerLayerIsRefused() throws Exception {
    containerd.refused(
        "which the same layer does not have",
        new LayerTar().file("a", "1"),
        new LayerTar().hardLink("b", "a"));
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
  void directoriesWithoutEntriesAreLikeThoseOfTheTopmostLayerThatHasThem() throws Exception {
    containerd.same(
        new LayerTar().directory("d", 0700).directory("d/e", 0750).directory("f", 0500),
        new LayerTar().directory("d", 0711).file("f/x", "1"),
        new LayerTar().file("d/e/x", "2").file("g/h/i", "3").whiteout("f/y"));
  }

  @Test
  void aDirectoryWithoutAnEntryIsLikeThatOfALowerLayerEvenIfThatIsHidden() throws Exception {
    containerd.same(
        new LayerTar().directory("d", 0700).directory("d/e", 0750).directory("w", 0700),
        new LayerTar().directory("d", 0711).opaque("d").whiteout("w"),
        new LayerTar().file("d/e/x", "2").file("w/x", "3"));
  }

  @Test
  void aSymbolicLinkOfALowerLayerIsReplacedByADirectory() throws Exception {
    assertThat(
            containerd.same(
                new LayerTar().directory("usr/lib", 0711).symlink("lib", "usr/lib"),
                new LayerTar().file("lib/a", "1")))
        .containsKeys("lib/a");
  }
}
