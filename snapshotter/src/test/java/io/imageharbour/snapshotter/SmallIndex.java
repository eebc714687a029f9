package io.imageharbour.snapshotter;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileName;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Metadata;
import io.imageharbour.indexer.format.IndexBuilder;
import io.imageharbour.indexer.format.IndexFormat;
import io.imageharbour.indexer.format.PlacedChunk;
import io.imageharbour.indexer.format.PlacedFrame;
import io.imageharbour.indexer.format.TreeNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** An index of one file, {@code /dir/file}, in a pack that nobody has. */
public final class SmallIndex {

  /** What the file holds. */
  public static final byte[] CONTENT = "content".getBytes(UTF_8);

  private SmallIndex() {}

  /** The index as bytes. */
  public static byte[] bytes(String... origins) throws IOException {
    Digest content = Digest.sha256(CONTENT);
    Digest pack = Digest.sha256(new byte[] {7});
    PlacedFrame frame = new PlacedFrame(pack, 0, 100, CONTENT.length);
    TreeNode.Directory root = new TreeNode.Directory(metadata(0755));
    TreeNode.Directory directory = new TreeNode.Directory(metadata(0755));
    root.entries().put(FileName.of("dir"), directory);
    directory.entries().put(FileName.of("file"), new TreeNode.RegularFile(metadata(0644), content));
    IndexBuilder index =
        new IndexBuilder()
            .addPack(pack, 100)
            .addContent(
                content,
                CONTENT.length,
                List.of(new PlacedChunk(content, CONTENT.length, frame, 0)));
    List.of(origins).forEach(index::addOrigin);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    IndexFormat.write(index.build(root), bytes);
    return bytes.toByteArray();
  }

  /** Puts an index, right or wrong, into a layer. */
  public static Path write(Path layer, byte[] index) throws IOException {
    Path file = layer.resolve(ImageIndex.PATH_IN_LAYER);
    Files.createDirectories(file.resolveSibling("."));
    return Files.write(file, index);
  }

  private static Metadata metadata(int permissions) {
    return new Metadata(permissions, 0, 0, 0, 0, List.of());
  }
}
