package io.imageharbour.cli.tree;

import io.imageharbour.cli.text.Escaped;
import io.imageharbour.cli.text.Quantity;
import io.imageharbour.cli.text.Table;
import io.imageharbour.cli.text.Table.Align;
import io.imageharbour.indexer.DirectoryEntry;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.Metadata;
import java.io.IOException;
import java.io.Writer;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * Files of an index for people, as {@code ls -b} shows them: one per line, in the long format with
 * their metadata before the name (owners as numbers, times in UTC).
 *
 * @param tree where they are
 * @param longFormat a line of metadata for each file
 * @param recursive what lies below directories too
 * @param humanSizes sizes in units instead of bytes
 */
public record TextListing(
    ImageTree tree, boolean longFormat, boolean recursive, boolean humanSizes) {

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm").withZone(ZoneOffset.UTC);

  /** Writes a directory's entries, or any other file itself. */
  public void write(Place place, Writer out) throws IOException {
    if (!(tree.inode(place.inode()) instanceof Inode.Directory)) {
      Table table = newTable();
      addRow(table, Escaped.name(place.path()), place.inode());
      writeLines(table, out);
      return;
    }
    Deque<Place> pending = new ArrayDeque<>(List.of(place));
    while (!pending.isEmpty()) {
      Place next = pending.pop();
      writeDirectory(next, out);
      if (recursive) {
        tree.children(next).reversed().stream()
            .filter(child -> tree.inode(child.inode()) instanceof Inode.Directory)
            .forEach(pending::push);
        out.write(pending.isEmpty() ? "" : "\n");
      }
    }
  }

  private void writeDirectory(Place place, Writer out) throws IOException {
    if (recursive) {
      out.write(Escaped.name(place.path()) + ":\n");
    }
    Table table = newTable();
    for (DirectoryEntry entry : tree.entries(place.inode())) {
      addRow(table, Escaped.name(entry.name().toBytes()), entry.inode());
    }
    writeLines(table, out);
  }

  private static void writeLines(Table table, Writer out) throws IOException {
    for (String line : table.lines()) {
      out.write(line + "\n");
    }
  }

  private Table newTable() {
    return longFormat
        ? new Table(
            " ",
            Align.LEFT,
            Align.RIGHT,
            Align.RIGHT,
            Align.RIGHT,
            Align.RIGHT,
            Align.LEFT,
            Align.LEFT)
        : new Table(Align.LEFT);
  }

  private void addRow(Table table, String name, int number) {
    if (!longFormat) {
      table.row(name);
      return;
    }
    Inode inode = tree.inode(number);
    Metadata metadata = inode.metadata();
    String target =
        inode instanceof Inode.SymbolicLink link ? " -> " + Escaped.name(link.target()) : "";
    table.row(
        mode(inode),
        Integer.toString(tree.links(number)),
        Integer.toUnsignedString(metadata.uid()),
        Integer.toUnsignedString(metadata.gid()),
        size(inode),
        TIME.format(mtime(metadata)),
        name + target);
  }

  private String size(Inode inode) {
    return switch (inode) {
      case Inode.Device device -> device.major() + ", " + device.minor();
      case Inode.RegularFile file -> {
        long size = tree.content(file).size();
        yield humanSizes ? Quantity.bytes(size) : Long.toString(size);
      }
      case Inode.SymbolicLink link -> Integer.toString(link.target().length);
      case Inode.Directory _, Inode.Fifo _, Inode.Socket _ -> "0";
    };
  }

  /** The modification time; one beyond the calendar of Java is shown as the end of that. */
  static Instant mtime(Metadata metadata) {
    long seconds =
        Math.clamp(
            metadata.mtimeSeconds(),
            LocalDateTime.MIN.toEpochSecond(ZoneOffset.UTC),
            LocalDateTime.MAX.toEpochSecond(ZoneOffset.UTC));
    return Instant.ofEpochSecond(seconds, metadata.mtimeNanos());
  }

  private static String mode(Inode inode) {
    int permissions = inode.metadata().permissions();
    return FileType.of(inode).letter()
        + rwx(permissions >> 6, (permissions & 04000) != 0, 's')
        + rwx(permissions >> 3, (permissions & 02000) != 0, 's')
        + rwx(permissions, (permissions & 01000) != 0, 't');
  }

  private static String rwx(int bits, boolean special, char letter) {
    boolean execute = (bits & 1) != 0;
    char last;
    if (special) {
      last = execute ? letter : Character.toUpperCase(letter);
    } else {
      last = execute ? 'x' : '-';
    }
    return ((bits & 4) != 0 ? "r" : "-") + ((bits & 2) != 0 ? "w" : "-") + last;
  }
}
