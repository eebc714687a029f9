package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.Frame;
import io.imageharbour.indexer.StoredContents;
import io.imageharbour.indexer.pack.PackedChunk;
import io.imageharbour.indexer.pack.PackedFile;
import io.imageharbour.indexer.pack.PackedFrame;
import java.util.ArrayList;
import java.util.List;

/** Contents that packs hold, as what a conversion has for the files that it has packed itself. */
final class StoredFiles {

  private StoredFiles() {}

  /** One for each content, in their order. */
  static List<PackedFile> of(StoredContents stored) {
    List<PackedFrame> frames = new ArrayList<>(stored.frames().size());
    for (Frame frame : stored.frames()) {
      frames.add(
          PackedFrame.known(
              stored.packs().get(frame.pack()),
              frame.offset(),
              frame.compressedSize(),
              frame.size()));
    }
    List<PackedFile> files = new ArrayList<>(stored.contents().size());
    for (FileContent content : stored.contents()) {
      files.add(
          new PackedFile(
              content.digest(),
              content.size(),
              content.chunks().stream()
                  .map(
                      chunk ->
                          new PackedChunk(
                              chunk.digest(),
                              chunk.size(),
                              frames.get(chunk.frame()),
                              chunk.offset()))
                  .toList()));
    }
    return files;
  }
}
