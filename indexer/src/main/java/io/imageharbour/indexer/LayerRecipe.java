package io.imageharbour.indexer;

import java.util.List;

/**
 * How a layer's archive is made again: for every regular file that has bytes, literal bytes, the
 * file, and zero bytes to its next multiple of {@link #BLOCK}; at the end literal bytes again.
 * Everything else that an archive consists of is literal: headers, what fills blocks in other ways,
 * end blocks, and whatever follows them.
 *
 * @param files the files in the archive's order
 * @param tail how many literal bytes come after the last file
 */
public record LayerRecipe(List<FileRecipe> files, long tail) {

  /** What archives fill up files to, in bytes. */
  public static final int BLOCK = 512;

  public LayerRecipe {
    files = List.copyOf(files);
  }

  /** How many literal bytes the archive has. */
  public long literalBytes() {
    long bytes = tail;
    for (FileRecipe file : files) {
      bytes += file.literalBytes();
    }
    return bytes;
  }

  /**
   * A file in the archive.
   *
   * @param literalBytes how many literal bytes come before it
   * @param content its number: that of a content of the index, or, counted on from there, of a
   *     hidden one
   * @param padded whether zero bytes follow it to the next multiple of {@link #BLOCK}
   * @param extents what of the content is stored: none if it is all of it; of a sparse file the
   *     extents of its data, ascending; one without bytes if it is one hole
   */
  public record FileRecipe(long literalBytes, int content, boolean padded, List<Extent> extents) {

    public FileRecipe {
      extents = List.copyOf(extents);
    }

    /**
     * How many bytes the archive has of the file.
     *
     * @param size of the content
     */
    public long storedBytes(long size) {
      if (extents.isEmpty()) {
        return size;
      }
      long bytes = 0;
      for (Extent extent : extents) {
        bytes += extent.length();
      }
      return bytes;
    }

    /** How many zero bytes follow a file of which so many bytes are stored. */
    public int padding(long stored) {
      return padded ? (int) (-stored & (BLOCK - 1)) : 0;
    }
  }

  /**
   * A part of a content.
   *
   * @param offset where it begins, in bytes
   * @param length in bytes
   */
  public record Extent(long offset, long length) {

    /** Where it ends, in bytes. */
    public long end() {
      return offset + length;
    }
  }
}
