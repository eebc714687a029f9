package io.imageharbour.testbed.tree;

import io.imageharbour.indexer.Digest;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;

/**
 * One name in a tree and all that a program can learn of it.
 *
 * @param type as {@code ls -l} shows it: one of {@code -dlbcps}
 * @param permissions the twelve bits, in octal
 * @param modified seconds and nanoseconds
 * @param size in bytes; 0 for anything but files and symbolic links, where it means nothing
 * @param links how many names there are; of a directory its subdirectories and two, or 1 where the
 *     file system does not count them
 * @param firstName the first name, in order, of the same file
 * @param target of a symbolic link
 * @param device number of a device
 * @param content of a regular file
 */
record TreeEntry(
    char type,
    String permissions,
    String owner,
    String modified,
    long size,
    int links,
    String firstName,
    Optional<String> target,
    Optional<String> device,
    SortedMap<String, String> xattrs,
    Optional<Digest> content) {

  /** Whether this is a directory whose subdirectories its file system did not count. */
  boolean hasUncountedLinks() {
    return type == 'd' && links == 1;
  }

  /** The properties by name, in the order in which they are told. */
  Map<String, Object> properties() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("type", type);
    all.put("mode", permissions);
    all.put("owner", owner);
    all.put("mtime", modified);
    all.put("size", size);
    all.put("links", links);
    all.put("first name", firstName);
    all.put("target", target);
    all.put("device", device);
    all.put("xattrs", xattrs);
    all.put("content", content);
    return all;
  }
}
