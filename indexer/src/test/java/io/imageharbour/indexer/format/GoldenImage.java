package io.imageharbour.indexer.format;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileName;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.Metadata;
import io.imageharbour.indexer.Xattr;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The image of the golden file: one of everything that the format can express. */
final class GoldenImage {

  private static final Metadata FILE = new Metadata(0644, 0, 0, 1_700_000_000, 0, List.of());

  private GoldenImage() {}

  static ImageIndex index() throws InvalidTreeException {
    Digest small = digest("small");
    Digest other = digest("other");
    Digest big = digest("big");
    Digest firstPack = digest("first pack");
    Digest secondPack = digest("second pack");
    PlacedFrame shared = new PlacedFrame(firstPack, 0, 60, 110);

    TreeNode.RegularFile linked = file(FILE, small);
    TreeNode.Directory bin = directory(FILE);
    bin.entries().put(name("ls"), linked);
    bin.entries().put(name("dir"), linked);
    bin.entries()
        .put(
            name("ping"),
            file(
                new Metadata(
                    0755,
                    1000,
                    -2,
                    1_700_000_000,
                    123_456_789,
                    List.of(
                        new Xattr("user.comment", bytes("one of two")),
                        new Xattr("security.capability", new byte[] {1, 0, 0, 2}))),
                other));
    TreeNode.Directory root = directory(new Metadata(0755, 0, 0, -1, 999_999_999, List.of()));
    root.entries().put(name("bin"), bin);
    root.entries().put(name("copy"), file(FILE, small));
    root.entries().put(name("empty"), file(FILE, Digest.EMPTY));
    root.entries().put(name("link"), linked);
    root.entries().put(name("model"), file(FILE, big));
    root.entries().put(FileName.of(new byte[] {(byte) 0xff, 'n'}), directory(FILE));
    special(root, "console", new Inode.Device(FILE, false, 5, 1));
    special(root, "disk", new Inode.Device(FILE, true, 4095, 1_048_575));
    special(root, "pipe", new Inode.Fifo(FILE));
    special(root, "socket", new Inode.Socket(FILE));
    special(root, "symlink", new Inode.SymbolicLink(FILE, bytes("../far/away")));
    return new IndexBuilder()
        .addContent(small, 10, List.of(new PlacedChunk(small, 10, shared, 0)))
        .addContent(other, 100, List.of(new PlacedChunk(other, 100, shared, 10)))
        .addContent(
            big,
            17L << 20,
            List.of(
                new PlacedChunk(
                    digest("chunk 1"), 16 << 20, new PlacedFrame(secondPack, 7, 99, 16 << 20), 0),
                new PlacedChunk(
                    digest("chunk 2"), 1 << 20, new PlacedFrame(secondPack, 300, 1, 1 << 20), 0)))
        .addPack(firstPack, 60)
        .addPack(secondPack, 5_000_000_000L)
        .addOrigin("registry.example:5000/library/app")
        .addOrigin("[::1]:5000/app")
        .build(root);
  }

  private static TreeNode.Directory directory(Metadata metadata) {
    return new TreeNode.Directory(metadata);
  }

  private static TreeNode.RegularFile file(Metadata metadata, Digest content) {
    return new TreeNode.RegularFile(metadata, content);
  }

  private static void special(TreeNode.Directory directory, String name, Inode inode) {
    directory.entries().put(name(name), new TreeNode.Special(inode));
  }

  private static FileName name(String name) {
    return FileName.of(name);
  }

  private static Digest digest(String text) {
    return Digest.sha256(bytes(text));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
