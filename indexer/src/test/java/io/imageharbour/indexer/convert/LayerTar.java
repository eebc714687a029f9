package io.imageharbour.indexer.convert;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Random;
import java.util.function.Consumer;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** Writes a layer, with a tar writer that is not ours. Text is Latin-1, so a char is a byte. */
final class LayerTar {

  static final Instant TIME = Instant.parse("2020-02-02T02:02:02.123456789Z");

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, "ISO-8859-1");

  LayerTar() {
    this(TarArchiveOutputStream.LONGFILE_GNU);
  }

  /** With long names written in this way of {@link TarArchiveOutputStream}. */
  LayerTar(int longNames) {
    tar.setLongFileMode(longNames);
    tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
  }

  LayerTar directory(String name, int mode) {
    return add(name.endsWith("/") ? name : name + "/", TarConstants.LF_DIR, mode, "", _ -> {});
  }

  LayerTar file(String name, String content) {
    return file(name, content, _ -> {});
  }

  LayerTar file(String name, String content, Consumer<TarArchiveEntry> change) {
    return add(name, TarConstants.LF_NORMAL, 0644, content, change);
  }

  LayerTar symlink(String name, String target) {
    return add(name, TarConstants.LF_SYMLINK, 0777, "", entry -> entry.setLinkName(target));
  }

  LayerTar hardLink(String name, String target) {
    return add(name, TarConstants.LF_LINK, 0640, "", entry -> entry.setLinkName(target));
  }

  LayerTar device(String name, int major, int minor) {
    return add(
        name,
        TarConstants.LF_CHR,
        0600,
        "",
        entry -> {
          entry.setDevMajor(major);
          entry.setDevMinor(minor);
        });
  }

  LayerTar fifo(String name) {
    return add(name, TarConstants.LF_FIFO, 0622, "", _ -> {});
  }

  LayerTar whiteout(String name) {
    int slash = name.lastIndexOf('/') + 1;
    return file(name.substring(0, slash) + ".wh." + name.substring(slash), "");
  }

  LayerTar opaque(String directory) {
    return file((directory.isEmpty() ? "" : directory + "/") + ".wh..wh..opq", "");
  }

  LayerTar add(String name, byte type, int mode, String content, Consumer<TarArchiveEntry> change) {
    try {
      TarArchiveEntry entry = new TarArchiveEntry(name, type, true);
      byte[] data = content.getBytes(StandardCharsets.ISO_8859_1);
      entry.setMode(mode);
      entry.setIds(1000, 100);
      entry.setLastModifiedTime(FileTime.from(TIME));
      entry.setSize(data.length);
      entry.addPaxHeader("mtime", TIME.getEpochSecond() + "." + TIME.getNano());
      change.accept(entry);
      tar.putArchiveEntry(entry);
      tar.write(data);
      tar.closeArchiveEntry();
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  byte[] toBytes() {
    try {
      tar.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /** Gives an entry an extended attribute. */
  static Consumer<TarArchiveEntry> xattr(String name, String value) {
    return entry -> entry.addPaxHeader("SCHILY.xattr." + name, value);
  }

  /** Gives an entry a modification time, in seconds since 1970. */
  static Consumer<TarArchiveEntry> time(String seconds) {
    return entry -> entry.addPaxHeader("mtime", seconds);
  }

  /** Content that doesn't compress, the same for the same seed. */
  static String random(int size, long seed) {
    byte[] bytes = new byte[size];
    new Random(seed).nextBytes(bytes);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }
}
