package io.imageharbour.indexer.format;

import static io.imageharbour.indexer.format.IndexValidator.require;

import io.imageharbour.indexer.DirectoryEntry;
import io.imageharbour.indexer.FileName;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import java.util.ArrayList;
import java.util.List;

/**
 * The rules of the tree. One depth-first walk numbers the inodes again and compares: an entry
 * refers either to the next inode that nobody met so far, or to a file that was met (a hard link).
 * A walk that ends with all inodes met proves that there are no cycles, no orphans and no second
 * names of directories.
 */
final class TreeRules {

  private final List<Inode> inodes;
  private final int contentCount;
  private final List<Open> path = new ArrayList<>();
  private int entries;
  private int met;
  private int contentsMet;

  /** A directory that is being walked. */
  private static final class Open {
    final Inode.Directory directory;
    final int pathBytes;
    int next;

    Open(Inode.Directory directory, int pathBytes) {
      this.directory = directory;
      this.pathBytes = pathBytes;
    }
  }

  TreeRules(ImageIndex index) {
    this.inodes = index.inodes();
    this.contentCount = index.contents().size();
  }

  /** Checks the tree and returns how many contents its files refer to. */
  int check() throws BrokenRuleException {
    require(
        !inodes.isEmpty() && inodes.getFirst() instanceof Inode.Directory,
        "its root is not a directory");
    try {
      meet(0);
      while (!path.isEmpty()) {
        Open open = path.getLast();
        if (open.next == open.directory.entries().size()) {
          path.removeLast();
        } else {
          enter(open);
        }
      }
    } catch (BrokenRuleException e) {
      throw new BrokenRuleException("%s: %s", currentPath(), e.reason());
    }
    require(
        met == inodes.size(),
        "%d of its %d inodes have no name",
        inodes.size() - met,
        inodes.size());
    return contentsMet;
  }

  private void enter(Open open) throws BrokenRuleException {
    List<DirectoryEntry> siblings = open.directory.entries();
    DirectoryEntry entry = siblings.get(open.next++);
    FileName name = entry.name();
    if (++entries >= Limits.ENTRIES) {
      throw new BrokenRuleException("the image has more than %d files", Limits.ENTRIES);
    }
    if (open.next > 1 && siblings.get(open.next - 2).name().compareTo(name) >= 0) {
      throw new BrokenRuleException("names are not in strictly ascending order");
    }
    if (open.pathBytes + 1 + name.length() > Limits.PATH_BYTES) {
      throw new BrokenRuleException("the path has more than %d bytes", Limits.PATH_BYTES);
    }
    if (path.size() > Limits.DEPTH) {
      throw new BrokenRuleException("the path has more than %d components", Limits.DEPTH);
    }
    if (entry.inode() == met && met < inodes.size()) {
      meet(open.pathBytes + 1 + name.length());
    } else {
      require(
          entry.inode() >= 0 && entry.inode() < met,
          "the name refers to inode %d, where %d is the next of %d",
          entry.inode(),
          met,
          inodes.size());
      require(
          !(inodes.get(entry.inode()) instanceof Inode.Directory),
          "the name is a second one for a directory");
    }
  }

  /** Checks the next inode, and walks into it if it is a directory. */
  private void meet(int pathBytes) throws BrokenRuleException {
    Inode inode = inodes.get(met++);
    switch (inode) {
      case Inode.Directory directory -> path.add(new Open(directory, pathBytes));
      case Inode.RegularFile file -> meetContent(file.content());
      case Inode.SymbolicLink link -> checkTarget(link.target());
      case Inode.Device device ->
          require(
              device.major() >= 0
                  && device.major() < 1 << 12
                  && device.minor() >= 0
                  && device.minor() < 1 << 20,
              "there is no device number %d:%d",
              device.major(),
              device.minor());
      case Inode.Fifo fifo -> {}
      case Inode.Socket socket -> {}
    }
    MetadataRules.check(inode.metadata());
  }

  private void meetContent(int content) throws BrokenRuleException {
    if (content == contentsMet && content < contentCount) {
      contentsMet++;
    } else {
      if (content < 0 || content >= contentsMet) {
        throw new BrokenRuleException(
            "the file refers to content %d, where %d is the next of %d",
            content, contentsMet, contentCount);
      }
    }
  }

  private static void checkTarget(byte[] target) throws BrokenRuleException {
    require(
        target.length >= 1 && target.length <= Inode.SymbolicLink.MAX_TARGET_BYTES,
        "the target of the link has %d bytes, not 1 to %d",
        target.length,
        Inode.SymbolicLink.MAX_TARGET_BYTES);
    for (byte b : target) {
      require(b != 0, "the target of the link holds a NUL");
    }
  }

  /** Path of what is being checked, for messages. */
  private String currentPath() {
    StringBuilder text = new StringBuilder();
    for (Open open : path) {
      if (open.next > 0) {
        text.append('/').append(open.directory.entries().get(open.next - 1).name());
      }
    }
    return Quoted.text(text.isEmpty() ? "/" : text.toString());
  }
}
