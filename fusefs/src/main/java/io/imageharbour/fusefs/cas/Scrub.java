package io.imageharbour.fusefs.cas;

import io.imageharbour.fusefs.ScrubReport;
import io.imageharbour.fusefs.linux.Errno;
import io.imageharbour.fusefs.linux.LinuxException;
import io.imageharbour.fusefs.linux.OpenFile;
import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Walks over the CAS and looks whether its files are what their names say. */
final class Scrub {

  private static final Logger log = LoggerFactory.getLogger(Scrub.class);

  private static final int PERMISSIONS = 07777;

  private final Path directory;
  private final OpenFile cas;

  private long files;
  private long bytes;
  private final List<Digest> removed = new ArrayList<>();

  Scrub(Path directory, OpenFile cas) {
    this.directory = directory;
    this.cas = cas;
  }

  /** Verifies every file. */
  ScrubReport all() throws IOException {
    walk(this::verify);
    return new ScrubReport(files, bytes, removed);
  }

  /**
   * Takes care of the files that the last process had not made durable: they are handed to {@code
   * unsynced} again, those that pass their digest only if {@code verify}.
   */
  void recoverUnsynced(UnsyncedFiles unsynced, boolean verify) throws IOException {
    walk(
        path -> {
          if (isUnsynced(path) && (!verify || verify(path))) {
            unsynced.add(path);
          }
        });
    log.info("event=cas-recovered verified={} removed={}", files, removed.size());
  }

  private boolean isUnsynced(String path) throws IOException {
    try {
      int mode = (int) Files.getAttribute(directory.resolve(path), "unix:mode");
      return (mode & PERMISSIONS) == UnsyncedFiles.UNSYNCED_MODE;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /** Whether the file has its digest; one that has not is removed. */
  private boolean verify(String path) throws IOException {
    Digest expected = Digest.fromHex(path.substring(0, 2) + path.substring(3));
    Digest actual;
    try (OpenFile file = cas.openBelow(path, OpenFile.O_RDONLY, 0)) {
      files++;
      bytes += file.size();
      actual = Cas.digestOf(file);
    } catch (LinuxException e) {
      if (e.errno() == Errno.ENOENT) {
        return false;
      }
      throw e;
    }
    if (actual.equals(expected)) {
      return true;
    }
    log.warn("event=cas-file-removed digest={} actual={}", expected, actual);
    cas.unlinkBelow(path);
    removed.add(expected);
    return false;
  }

  /** Visits every file that is named like one of ours, by its path below the directory. */
  private void walk(Visitor visitor) throws IOException {
    for (int i = 0; i < 256; i++) {
      String first = "%02x".formatted(i);
      try (DirectoryStream<Path> names = Files.newDirectoryStream(directory.resolve(first))) {
        for (Path name : names) {
          String rest = name.getFileName().toString();
          if (rest.matches("[0-9a-f]{62}")) {
            visitor.visit(first + "/" + rest);
          }
        }
      }
    }
  }

  @FunctionalInterface
  private interface Visitor {
    void visit(String path) throws IOException;
  }
}
