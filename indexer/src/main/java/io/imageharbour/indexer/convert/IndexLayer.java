package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.format.IndexFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/**
 * The one layer of an index image: a tar that holds the index and nothing else, owned by root, with
 * no time, so that the same index is the same layer.
 *
 * @param gzip the layer's bytes
 * @param diffId digest of the tar
 */
record IndexLayer(byte[] gzip, Digest diffId) {

  static IndexLayer of(ImageIndex index) throws IOException {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    IndexFormat.write(index, file);
    ByteArrayOutputStream archive = new ByteArrayOutputStream(file.size() + 4096);
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(archive)) {
      String directory =
          ImageIndex.PATH_IN_LAYER.substring(0, ImageIndex.PATH_IN_LAYER.indexOf('/') + 1);
      tar.putArchiveEntry(entry(directory, 0755, 0));
      tar.closeArchiveEntry();
      tar.putArchiveEntry(entry(ImageIndex.PATH_IN_LAYER, 0444, file.size()));
      file.writeTo(tar);
      tar.closeArchiveEntry();
    }
    byte[] bytes = archive.toByteArray();
    ByteArrayOutputStream compressed = new ByteArrayOutputStream(bytes.length / 2);
    try (GZIPOutputStream gzip = new GZIPOutputStream(compressed)) {
      gzip.write(bytes);
    }
    return new IndexLayer(compressed.toByteArray(), Digest.sha256(bytes));
  }

  private static TarArchiveEntry entry(String name, int permissions, long size) {
    TarArchiveEntry entry = new TarArchiveEntry(name);
    entry.setMode(permissions);
    entry.setSize(size);
    entry.setModTime(0);
    entry.setIds(0, 0);
    return entry;
  }
}
