package io.imageharbour.cli;

import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.Frame;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.Pack;
import java.util.ArrayList;
import java.util.List;

/**
 * What an index amounts to.
 *
 * @param files regular files, a hard link counted once
 * @param fileBytes their sizes together, in bytes
 * @param directories directories
 * @param links symbolic links
 * @param others devices, pipes and sockets
 * @param contents different contents of the files
 * @param contentBytes their sizes together, in bytes
 * @param chunks pieces that the contents are verified in
 * @param packs one entry for every pack, in the index's order
 */
record IndexStatistics(
    long files,
    long fileBytes,
    long directories,
    long links,
    long others,
    long contents,
    long contentBytes,
    long chunks,
    List<PackUse> packs) {

  /**
   * How much of a pack an image uses.
   *
   * @param frames how many of its frames
   * @param bytes the compressed size of those frames
   */
  record PackUse(Pack pack, long frames, long bytes) {}

  static IndexStatistics of(ImageIndex index) {
    long files = 0;
    long fileBytes = 0;
    long directories = 0;
    long links = 0;
    long others = 0;
    for (Inode inode : index.inodes()) {
      switch (inode) {
        case Inode.RegularFile file -> {
          files++;
          fileBytes += index.contents().get(file.content()).size();
        }
        case Inode.Directory _ -> directories++;
        case Inode.SymbolicLink _ -> links++;
        case Inode.Device _, Inode.Fifo _, Inode.Socket _ -> others++;
      }
    }
    long contentBytes = 0;
    long chunks = 0;
    for (FileContent content : index.contents()) {
      contentBytes += content.size();
      List<Chunk> parts = content.chunks();
      chunks += parts.size();
    }
    return new IndexStatistics(
        files,
        fileBytes,
        directories,
        links,
        others,
        index.contents().size(),
        contentBytes,
        chunks,
        packs(index));
  }

  private static List<PackUse> packs(ImageIndex index) {
    long[] frames = new long[index.packs().size()];
    long[] bytes = new long[frames.length];
    for (Frame frame : index.frames()) {
      frames[frame.pack()]++;
      bytes[frame.pack()] += frame.compressedSize();
    }
    List<PackUse> packs = new ArrayList<>();
    for (int i = 0; i < frames.length; i++) {
      packs.add(new PackUse(index.packs().get(i), frames[i], bytes[i]));
    }
    return packs;
  }
}
