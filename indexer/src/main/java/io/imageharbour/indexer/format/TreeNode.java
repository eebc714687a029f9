package io.imageharbour.indexer.format;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileName;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.Metadata;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * A file in a tree that is still being put together, for {@link IndexBuilder}. A node is an inode:
 * placing the same object under a second name makes a hard link. Not safe for use by several
 * threads.
 */
public sealed interface TreeNode {

  /** Owner, mode, time and extended attributes. */
  Metadata metadata();

  /** A directory; the only node that changes. */
  final class Directory implements TreeNode {
    private final TreeMap<FileName, TreeNode> entries = new TreeMap<>();
    private Metadata metadata;

    public Directory(Metadata metadata) {
      this.metadata = metadata;
    }

    @Override
    public Metadata metadata() {
      return metadata;
    }

    public void setMetadata(Metadata metadata) {
      this.metadata = metadata;
    }

    /** The names in this directory; the live map, to be changed at will. */
    public NavigableMap<FileName, TreeNode> entries() {
      return entries;
    }
  }

  /** A regular file, its content named by digest. */
  final class RegularFile implements TreeNode {
    private final Metadata metadata;
    private final Digest content;

    public RegularFile(Metadata metadata, Digest content) {
      this.metadata = metadata;
      this.content = content;
    }

    @Override
    public Metadata metadata() {
      return metadata;
    }

    /** Digest of the content; {@link Digest#EMPTY} needs no content to be added for it. */
    public Digest content() {
      return content;
    }
  }

  /** A symbolic link, device, named pipe or socket. */
  final class Special implements TreeNode {
    private final Inode inode;

    /**
     * A node for {@code inode}.
     *
     * @throws IllegalArgumentException if it is a directory or a regular file, which have nodes of
     *     their own
     */
    public Special(Inode inode) {
      if (inode instanceof Inode.Directory || inode instanceof Inode.RegularFile) {
        throw new IllegalArgumentException("not a special file: " + inode.getClass());
      }
      this.inode = inode;
    }

    @Override
    public Metadata metadata() {
      return inode.metadata();
    }

    /** The link, device, named pipe or socket. */
    public Inode inode() {
      return inode;
    }
  }
}
