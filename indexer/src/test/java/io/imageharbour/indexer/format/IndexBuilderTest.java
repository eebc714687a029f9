package io.imageharbour.indexer.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.DirectoryEntry;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.FileName;
import io.imageharbour.indexer.Frame;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.Metadata;
import io.imageharbour.indexer.Pack;
import io.imageharbour.indexer.RandomImage;
import io.imageharbour.indexer.Xattr;
import java.nio.charset.StandardCharsets;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class IndexBuilderTest {

  private static final Metadata PLAIN = new Metadata(0644, 0, 0, 0, 0, List.of());
  private static final Digest LOW_PACK = new Digest(1, 0, 0, 0);
  private static final Digest HIGH_PACK = new Digest(-1, 0, 0, 0);

  private final TreeNode.Directory root = new TreeNode.Directory(PLAIN);

  @Test
  void numbersWhatIsThereInTheOrderOfTheWalk() throws InvalidTreeException {
    Digest first = digest("first");
    Digest second = digest("second");
    TreeNode.RegularFile linked = file(second);
    TreeNode.Directory directory = new TreeNode.Directory(PLAIN);
    root.entries().put(FileName.of("z"), linked);
    root.entries().put(FileName.of("a"), file(first));
    root.entries().put(FileName.of("d"), directory);
    directory.entries().put(FileName.of("x"), linked);

    ImageIndex index =
        new IndexBuilder()
            .addContent(second, 5, List.of(chunk(second, 5, LOW_PACK, 20)))
            .addContent(first, 4, List.of(chunk(first, 4, HIGH_PACK, 10)))
            .addContent(digest("unused"), 4, List.of(chunk(first, 4, HIGH_PACK, 50)))
            .addPack(HIGH_PACK, 100)
            .addPack(LOW_PACK, 200)
            .addPack(LOW_PACK, 300)
            .addPack(digest("unused"), 1)
            .build(root);

    assertThat(index)
        .isEqualTo(
            new ImageIndex(
                List.of(
                    new Inode.Directory(
                        PLAIN, List.of(entry("a", 1), entry("d", 2), entry("z", 3))),
                    new Inode.RegularFile(PLAIN, 0),
                    new Inode.Directory(PLAIN, List.of(entry("x", 3))),
                    new Inode.RegularFile(PLAIN, 1)),
                List.of(
                    new FileContent(first, 4, List.of(new Chunk(first, 4, 1, 3))),
                    new FileContent(second, 5, List.of(new Chunk(second, 5, 0, 3)))),
                List.of(new Frame(0, 20, 9, 10), new Frame(1, 10, 9, 10)),
                List.of(new Pack(LOW_PACK, 200), new Pack(HIGH_PACK, 100)),
                List.of()));
  }

  @Property(tries = 50)
  void whatAnotherIndexHoldsCanBeReferredTo(@ForAll long seed) throws InvalidTreeException {
    ImageIndex known = new RandomImage(seed, 100).index();
    TreeNode.Directory files = new TreeNode.Directory(PLAIN);
    IndexBuilder builder = new IndexBuilder().addContentsOf(known);
    for (FileContent content : known.contents()) {
      assertThat(builder.hasContent(content.digest())).isTrue();
      files.entries().put(FileName.of(content.digest().hex()), file(content.digest()));
    }

    ImageIndex index = builder.build(files);

    assertThat(index.packs()).isEqualTo(known.packs());
    assertThat(index.frames()).isEqualTo(known.frames());
    assertThat(index.contents()).containsExactlyInAnyOrderElementsOf(known.contents());
  }

  @Test
  void attributesAreSorted() {
    Xattr first = new Xattr("security.x", new byte[1]);
    Xattr second = new Xattr("user.x", new byte[2]);

    assertThat(new Metadata(0, 0, 0, 0, 0, List.of(second, first)).xattrs())
        .containsExactly(first, second);
  }

  @Test
  void anUnknownContentIsNamed() {
    root.entries().put(FileName.of("f"), file(digest("unknown")));

    assertThatThrownBy(() -> new IndexBuilder().build(root))
        .isInstanceOf(InvalidTreeException.class)
        .hasMessage(
            "no index can hold this image: a file has the unknown content " + digest("unknown"));
  }

  @Test
  void anUnknownPackIsNamed() {
    Digest content = digest("content");
    root.entries().put(FileName.of("f"), file(content));
    IndexBuilder builder =
        new IndexBuilder().addContent(content, 5, List.of(chunk(content, 5, LOW_PACK, 0)));

    assertThatThrownBy(() -> builder.build(root))
        .isInstanceOf(InvalidTreeException.class)
        .hasMessageContaining("the unknown pack " + LOW_PACK);
  }

  @Test
  void aDirectoryWithTwoNamesIsRefused() {
    TreeNode.Directory directory = new TreeNode.Directory(PLAIN);
    root.entries().put(FileName.of("a"), directory);
    directory.entries().put(FileName.of("b"), directory);

    assertThatThrownBy(() -> new IndexBuilder().build(root))
        .isInstanceOf(InvalidTreeException.class)
        .hasMessageContaining("a directory has a second name, \"b\"");
  }

  @Test
  void whatBreaksARuleIsNamedWithItsPath() {
    root.entries()
        .put(
            FileName.of("f"),
            new TreeNode.Special(
                new Inode.Fifo(
                    new Metadata(0, 0, 0, 0, 0, List.of(new Xattr("com.apple.x", new byte[0]))))));

    assertThatThrownBy(() -> new IndexBuilder().build(root))
        .isInstanceOf(InvalidTreeException.class)
        .hasMessageContaining("\"/f\": extended attribute \"com.apple.x\" is in no namespace");
  }

  @Test
  void framesThatOverlapAreRefused() {
    Digest first = digest("first");
    Digest second = digest("second");
    root.entries().put(FileName.of("a"), file(first));
    root.entries().put(FileName.of("b"), file(second));
    IndexBuilder builder =
        new IndexBuilder()
            .addContent(first, 5, List.of(chunk(first, 5, LOW_PACK, 0)))
            .addContent(second, 5, List.of(chunk(second, 5, LOW_PACK, 8)))
            .addPack(LOW_PACK, 100);

    assertThatThrownBy(() -> builder.build(root))
        .isInstanceOf(InvalidTreeException.class)
        .hasMessageContaining("frame 1 begins before the end of the one before it");
  }

  @Test
  void aContentWhoseOnlyChunkHasAnotherDigestIsRefused() {
    Digest content = digest("content");
    root.entries().put(FileName.of("f"), file(content));
    IndexBuilder builder =
        new IndexBuilder()
            .addContent(content, 5, List.of(chunk(digest("other"), 5, LOW_PACK, 0)))
            .addPack(LOW_PACK, 100);

    assertThatThrownBy(() -> builder.build(root))
        .isInstanceOf(InvalidTreeException.class)
        .hasMessageContaining("content " + content + " has one chunk of another digest");
  }

  @Test
  void aValueOfMoreThanSixteenBitsIsRefused() {
    Xattr xattr = new Xattr("user.x", new byte[65_536]);
    root.entries()
        .put(FileName.of("d"), new TreeNode.Directory(new Metadata(0, 0, 0, 0, 0, List.of(xattr))));

    assertThatThrownBy(() -> new IndexBuilder().build(root))
        .isInstanceOf(InvalidTreeException.class)
        .hasMessageContaining("has a value of 65536 bytes, more than 65535");
  }

  private static PlacedChunk chunk(Digest digest, int size, Digest pack, long offset) {
    return new PlacedChunk(digest, size, new PlacedFrame(pack, offset, 9, 10), 3);
  }

  private static TreeNode.RegularFile file(Digest content) {
    return new TreeNode.RegularFile(PLAIN, content);
  }

  private static DirectoryEntry entry(String name, int inode) {
    return new DirectoryEntry(FileName.of(name), inode);
  }

  private static Digest digest(String text) {
    return Digest.sha256(text.getBytes(StandardCharsets.UTF_8));
  }
}
