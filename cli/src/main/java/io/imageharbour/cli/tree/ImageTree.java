package io.imageharbour.cli.tree;

import io.imageharbour.cli.text.Escaped;
import io.imageharbour.indexer.DirectoryEntry;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.FileName;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * The file tree of an index, asked by path. Symbolic links are followed inside of the image, as a
 * process in its container would see them. Immutable and safe for use by several threads.
 */
public final class ImageTree {

  /** How many symbolic links one path may go through: as many as with Linux. */
  private static final int MAX_LINKS = 40;

  private final ImageIndex index;
  private final int[] links;

  /** A tree of an index that was read with every check. */
  public ImageTree(ImageIndex index) {
    this.index = index;
    this.links = countLinks(index.inodes());
  }

  /** The inode at a position that the index gave. */
  public Inode inode(int number) {
    return index.inodes().get(number);
  }

  /** How many names an inode has; for a directory, as file systems count them. */
  public int links(int inode) {
    return links[inode];
  }

  /** The entries of a directory. */
  List<DirectoryEntry> entries(int directory) {
    return ((Inode.Directory) inode(directory)).entries();
  }

  /** The files in a directory. */
  List<Place> children(Place directory) {
    return entries(directory.inode()).stream().map(directory::child).toList();
  }

  /** The content of a file. */
  public FileContent content(Inode.RegularFile file) {
    return index.contents().get(file.content());
  }

  /**
   * Finds what a path means.
   *
   * @param path from the root, with or without "/" before it; as it is, or else as {@link
   *     Escaped#name} shows it
   * @param followLast whether the last component is followed where it is a symbolic link
   * @throws PathNotFoundException if there is no such file
   */
  public Place resolve(String path, boolean followLast) throws PathNotFoundException {
    byte[] literal = path.getBytes(StandardCharsets.UTF_8);
    if (path.indexOf('\\') < 0) {
      return new Place(literal, resolve(literal, followLast));
    }
    try {
      return new Place(literal, resolve(literal, followLast));
    } catch (PathNotFoundException e) {
      // a name that no keyboard has is given as it was listed
      byte[] parsed = Escaped.parse(path);
      return new Place(parsed, resolve(parsed, followLast));
    }
  }

  private int resolve(byte[] path, boolean followLast) throws PathNotFoundException {
    Deque<byte[]> wanted = new ArrayDeque<>(components(path));
    boolean directoryWanted = path.length > 0 && path[path.length - 1] == '/';
    Deque<Integer> at = new ArrayDeque<>(List.of(0));
    int followed = 0;
    while (!wanted.isEmpty()) {
      byte[] component = wanted.pop();
      if (isDots(component)) {
        if (component.length == 2 && at.size() > 1) {
          at.pop();
        }
        continue;
      }
      if (!(inode(at.element()) instanceof Inode.Directory directory)) {
        throw notFound(path, "a part of it is no directory");
      }
      int found =
          lookup(directory, component)
              .orElseThrow(() -> notFound(path, "there is no \"" + Escaped.name(component) + "\""));
      boolean last = wanted.isEmpty();
      if (inode(found) instanceof Inode.SymbolicLink link
          && (!last || followLast || directoryWanted)) {
        followed++;
        if (followed > MAX_LINKS) {
          throw notFound(path, "too many symbolic links");
        }
        if (link.target()[0] == '/') {
          at.clear();
          at.push(0);
        }
        components(link.target()).reversed().forEach(wanted::push);
      } else {
        at.push(found);
      }
    }
    if (directoryWanted && !(inode(at.element()) instanceof Inode.Directory)) {
      throw notFound(path, "it is no directory");
    }
    return at.element();
  }

  private static PathNotFoundException notFound(byte[] path, String why) {
    return new PathNotFoundException(
        "the image has no \"" + Escaped.name(path) + "\": " + why + ". List what it has with ls");
  }

  private static Optional<Integer> lookup(Inode.Directory directory, byte[] component) {
    FileName name;
    try {
      name = FileName.of(component);
    } catch (IllegalArgumentException e) {
      // too long, or with a NUL in it: no file can be called so
      return Optional.empty();
    }
    List<DirectoryEntry> entries = directory.entries();
    int low = 0;
    int high = entries.size() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      int order = entries.get(middle).name().compareTo(name);
      if (order == 0) {
        return Optional.of(entries.get(middle).inode());
      } else if (order < 0) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return Optional.empty();
  }

  private static boolean isDots(byte[] component) {
    return component[0] == '.'
        && (component.length == 1 || (component.length == 2 && component[1] == '.'));
  }

  /** What stands between the slashes. */
  private static List<byte[]> components(byte[] path) {
    List<byte[]> components = new ArrayList<>();
    int start = 0;
    for (int i = 0; i <= path.length; i++) {
      if (i == path.length || path[i] == '/') {
        if (i > start) {
          components.add(Arrays.copyOfRange(path, start, i));
        }
        start = i + 1;
      }
    }
    return components;
  }

  private static int[] countLinks(List<Inode> inodes) {
    int[] links = new int[inodes.size()];
    links[0] = 1;
    for (int i = 0; i < links.length; i++) {
      if (inodes.get(i) instanceof Inode.Directory directory) {
        links[i]++;
        for (DirectoryEntry entry : directory.entries()) {
          links[entry.inode()]++;
          if (inodes.get(entry.inode()) instanceof Inode.Directory) {
            links[i]++;
          }
        }
      }
    }
    return links;
  }
}
