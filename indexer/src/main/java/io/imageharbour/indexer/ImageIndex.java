package io.imageharbour.indexer;

import java.util.List;

/**
 * The file tree of one image for one platform, and where the contents of its files lie. Immutable
 * and safe for use by several threads.
 *
 * <p>The lists refer to each other by position, as the format does. The order is canonical: inodes
 * as a depth-first walk in name order meets them first (so the root directory is inode 0), contents
 * as the inodes meet them first, frames by pack and offset, packs by digest. Two images of the same
 * tree and the same packs are therefore equal, byte for byte.
 *
 * @param inodes every inode; number 0 is the root directory
 * @param contents every distinct content that an inode refers to
 * @param frames every frame that a chunk refers to
 * @param packs every pack that a frame refers to
 * @param origins the repositories ({@code host/name}) that the packs were pushed to
 */
public record ImageIndex(
    List<Inode> inodes,
    List<FileContent> contents,
    List<Frame> frames,
    List<Pack> packs,
    List<String> origins) {

  /** Where the index lies in the layer of an index image. */
  public static final String PATH_IN_LAYER = ".harbour/index";

  public ImageIndex {
    inodes = List.copyOf(inodes);
    contents = List.copyOf(contents);
    frames = List.copyOf(frames);
    packs = List.copyOf(packs);
    origins = List.copyOf(origins);
  }

  /** The root directory. */
  public Inode.Directory root() {
    return (Inode.Directory) inodes.getFirst();
  }

  /** The contents by themselves. */
  public StoredContents stored() {
    return new StoredContents(contents, frames, packs);
  }
}
