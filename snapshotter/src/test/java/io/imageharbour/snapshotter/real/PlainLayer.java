package io.imageharbour.snapshotter.real;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * A layer, as an archive and as what unpacking it does to a directory. The directory may be a plain
 * one, which then is what snapshots are compared with, or an overlay mount.
 */
record PlainLayer(List<Change> changes) {

  private static final FileTime MODIFIED = FileTime.fromMillis(1_700_000_000_000L);

  /** What an entry of the archive does. */
  sealed interface Change {

    /** Makes a directory, or gives one that is there another mode. */
    record Directory(String path, int mode) implements Change {}

    /** Makes a file, whatever was there. */
    record Contents(String path, int mode, String text) implements Change {}

    record SymbolicLink(String path, String target) implements Change {}

    record HardLink(String path, String target) implements Change {}

    /** Takes away a file or directory of a layer below. */
    record Whiteout(String path) implements Change {}

    /** Takes away what layers below have in a directory. */
    record Opaque(String path) implements Change {}
  }

  static PlainLayer of(Change... changes) {
    return new PlainLayer(List.of(changes));
  }

  /** Writes the archive. */
  Path archive(Path file) throws IOException {
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(Files.newOutputStream(file))) {
      for (Change change : changes) {
        write(change, tar);
      }
    }
    return file;
  }

  private static void write(Change change, TarArchiveOutputStream tar) throws IOException {
    byte[] contents =
        change instanceof Change.Contents file ? file.text().getBytes(UTF_8) : new byte[0];
    TarArchiveEntry entry =
        switch (change) {
          case Change.Directory directory -> entry(directory.path() + "/", directory.mode());
          case Change.Contents file -> entry(file.path(), file.mode());
          case Change.SymbolicLink link ->
              link(link.path(), link.target(), TarConstants.LF_SYMLINK);
          case Change.HardLink link -> link(link.path(), link.target(), TarConstants.LF_LINK);
          case Change.Whiteout gone -> {
            Path path = Path.of(gone.path());
            yield entry(path.resolveSibling(".wh." + path.getFileName()).toString(), 0644);
          }
          case Change.Opaque directory -> entry(directory.path() + "/.wh..wh..opq", 0644);
        };
    entry.setSize(contents.length);
    entry.setModTime(MODIFIED);
    tar.putArchiveEntry(entry);
    tar.write(contents);
    tar.closeArchiveEntry();
  }

  private static TarArchiveEntry entry(String path, int mode) {
    TarArchiveEntry entry = new TarArchiveEntry(path);
    entry.setMode(mode);
    return entry;
  }

  private static TarArchiveEntry link(String path, String target, byte type) {
    TarArchiveEntry entry = new TarArchiveEntry(path, type);
    entry.setLinkName(target);
    return entry;
  }

  /** Unpacks it onto what the layers below it made of a directory. */
  void unpack(Path root) throws IOException {
    for (Change change : changes) {
      unpack(change, root);
    }
  }

  private static void unpack(Change change, Path root) throws IOException {
    switch (change) {
      case Change.Directory directory -> {
        Path made = root.resolve(directory.path());
        if (!Files.isDirectory(made, LinkOption.NOFOLLOW_LINKS)) {
          delete(made);
          Files.createDirectory(made);
        }
        setMode(made, directory.mode());
      }
      case Change.Contents file -> {
        Path made = root.resolve(file.path());
        delete(made);
        Files.writeString(made, file.text());
        setMode(made, file.mode());
        Files.setLastModifiedTime(made, MODIFIED);
      }
      case Change.SymbolicLink link -> {
        delete(root.resolve(link.path()));
        Files.createSymbolicLink(root.resolve(link.path()), Path.of(link.target()));
      }
      case Change.HardLink link -> {
        delete(root.resolve(link.path()));
        Files.createLink(root.resolve(link.path()), root.resolve(link.target()));
      }
      case Change.Whiteout gone -> delete(root.resolve(gone.path()));
      case Change.Opaque directory -> {
        try (Stream<Path> entries = Files.list(root.resolve(directory.path()))) {
          for (Path entry : entries.toList()) {
            delete(entry);
          }
        }
      }
    }
  }

  private static void setMode(Path path, int mode) throws IOException {
    Files.setAttribute(path, "unix:mode", mode);
  }

  private static void delete(Path path) throws IOException {
    if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
      try (Stream<Path> entries = Files.list(path)) {
        for (Path entry : entries.toList()) {
          delete(entry);
        }
      }
    }
    Files.deleteIfExists(path);
  }
}
