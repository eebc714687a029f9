package io.imageharbour.indexer;

import java.util.List;

/**
 * Contents, and where in packs they lie. Immutable. The lists refer to each other by position:
 * frames are ordered by pack and offset, packs by digest, both without what nothing refers to.
 *
 * @param contents distinct contents
 * @param frames every frame that a chunk refers to
 * @param packs every pack that a frame refers to
 */
public record StoredContents(List<FileContent> contents, List<Frame> frames, List<Pack> packs) {

  /** No contents at all. */
  public static final StoredContents NONE = new StoredContents(List.of(), List.of(), List.of());

  public StoredContents {
    contents = List.copyOf(contents);
    frames = List.copyOf(frames);
    packs = List.copyOf(packs);
  }
}
