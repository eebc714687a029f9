package io.imageharbour.snapshotter.probe;

import com.github.luben.zstd.Zstd;
import io.imageharbour.fusefs.ContentReceiver;
import io.imageharbour.fusefs.ContentSource;
import io.imageharbour.fusefs.WantedChunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileName;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Metadata;
import io.imageharbour.indexer.format.IndexBuilder;
import io.imageharbour.indexer.format.PlacedChunk;
import io.imageharbour.indexer.format.PlacedFrame;
import io.imageharbour.indexer.format.TreeNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * An image of one small file, and the source that its content is fetched from. It goes the way of
 * every other image: written as EROFS, mounted, looked up, fetched, inflated, verified.
 */
final class ProbeImage implements ContentSource {

  /** The only file in the image. */
  static final String FILE = "probe";

  private static final byte[] CONTENT =
      "This file came through the content mount.\n".getBytes(StandardCharsets.UTF_8);

  private final byte[] pack = Zstd.compress(CONTENT);

  /** What the file holds. */
  byte[] content() {
    return CONTENT.clone();
  }

  ImageIndex index() throws IOException {
    Digest content = Digest.sha256(CONTENT);
    Digest packDigest = Digest.sha256(pack);
    PlacedFrame frame = new PlacedFrame(packDigest, 0, pack.length, CONTENT.length);
    TreeNode.Directory root = new TreeNode.Directory(metadata(0755));
    root.entries().put(FileName.of(FILE), new TreeNode.RegularFile(metadata(0444), content));
    return new IndexBuilder()
        .addPack(packDigest, pack.length)
        .addContent(
            content, CONTENT.length, List.of(new PlacedChunk(content, CONTENT.length, frame, 0)))
        .build(root);
  }

  @Override
  public String name() {
    return "probe";
  }

  @Override
  public void fetch(WantedChunk wanted, ContentReceiver receiver) throws IOException {
    receiver.acceptFrame(wanted.location(), pack);
  }

  private static Metadata metadata(int permissions) {
    return new Metadata(permissions, 0, 0, 0, 0, List.of());
  }
}
