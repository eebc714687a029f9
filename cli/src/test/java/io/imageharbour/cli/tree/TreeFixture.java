package io.imageharbour.cli.tree;

import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.DirectoryEntry;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.FileName;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.Metadata;
import io.imageharbour.indexer.Xattr;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Builds small indexes whose contents lie nowhere. */
final class TreeFixture {

  static final Metadata METADATA = metadata(0755);

  private final List<Inode> inodes = new ArrayList<>();
  private final List<FileContent> contents = new ArrayList<>();

  static Metadata metadata(int permissions, Xattr... xattrs) {
    return new Metadata(permissions, 1000, -2, 1_700_000_000L, 123_456_789, List.of(xattrs));
  }

  /** An index whose root holds what {@code entries} gives numbers of. */
  ImageIndex index(Map<FileName, Integer> entries) {
    List<Inode> all = new ArrayList<>(inodes);
    all.addFirst(new Inode.Directory(METADATA, sorted(entries)));
    return new ImageIndex(all, contents, List.of(), List.of(), List.of());
  }

  int directory(Map<FileName, Integer> entries) {
    return add(new Inode.Directory(METADATA, sorted(entries)));
  }

  int file(long size, Metadata metadata) {
    contents.add(
        new FileContent(
            Digest.sha256(new byte[] {(byte) contents.size()}), size, List.<Chunk>of()));
    return add(new Inode.RegularFile(metadata, contents.size() - 1));
  }

  int link(String target) {
    return add(new Inode.SymbolicLink(metadata(0777), target.getBytes(StandardCharsets.UTF_8)));
  }

  int add(Inode inode) {
    inodes.add(inode);
    return inodes.size();
  }

  private static List<DirectoryEntry> sorted(Map<FileName, Integer> entries) {
    return new TreeMap<>(entries)
        .entrySet().stream().map(e -> new DirectoryEntry(e.getKey(), e.getValue())).toList();
  }
}
