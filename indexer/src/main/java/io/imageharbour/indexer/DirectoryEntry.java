package io.imageharbour.indexer;

/**
 * A name in a directory.
 *
 * @param name the name
 * @param inode position of the inode in {@link ImageIndex#inodes()}
 */
public record DirectoryEntry(FileName name, int inode) {}
