package io.imageharbour.fusefs.table;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.imageharbour.fusefs.ContentTableException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.lmdbjava.ByteBufferProxy;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.LmdbException;
import org.lmdbjava.Txn;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The LMDB environment of the content table and its databases. All numbers are big-endian, so that
 * LMDB's order of bytes is the order of numbers.
 *
 * <pre>
 * rows       digest(32) size(8) cut(32)              -> row(8) references(4); see {@link ContentKey}
 * contents   row(8)                                  -> digest(32) size(8) cut(32), layouts; see {@link Layouts}
 * frames     pack(4) offset(8) compressed(4) size(4) -> parts: digest(32) offset(4) size(4), …
 * packs      pack(4)                                 -> digest(32) size(8)
 * images     SHA-256 of the name(32)                 -> see {@link ImageRecord}
 * forgotten  row(8)                                  -> digest(32) size(8) cut(32); rows without references
 * meta       "version" -> int, "next-row" and "next-image" -> long, "next-pack" -> int
 * </pre>
 *
 * LMDB is told not to flush (MDB_NOSYNC): a killed process loses nothing that way, and after a
 * crash of the machine the table is rebuilt.
 */
final class TableFile implements AutoCloseable {

  /** Raised whenever a layout above changes; a table of another version is rebuilt. */
  static final int VERSION = 3;

  static final String VERSION_KEY = "version";
  static final String NEXT_ROW = "next-row";
  static final String NEXT_IMAGE = "next-image";
  static final String NEXT_PACK = "next-pack";

  private static final Logger log = LoggerFactory.getLogger(TableFile.class);

  private static final String FILE = "contents.mdb";

  /** Address space only: the file grows as it is written, so this is the most it can hold. */
  private static final long MAP_BYTES = 64L << 30;

  private static final int MAX_READERS = 512;

  final Env<ByteBuffer> env;
  final Dbi<ByteBuffer> rows;
  final Dbi<ByteBuffer> contents;
  final Dbi<ByteBuffer> frames;
  final Dbi<ByteBuffer> packs;
  final Dbi<ByteBuffer> images;
  final Dbi<ByteBuffer> forgotten;
  private final Dbi<ByteBuffer> meta;

  private TableFile(Path file) {
    // the proxy is not shared with others in this process: buffers of ours only
    env =
        Env.create(ByteBufferProxy.PROXY_OPTIMAL)
            .setMapSize(MAP_BYTES)
            .setMaxDbs(7)
            .setMaxReaders(MAX_READERS)
            .open(
                file.toFile(),
                EnvFlags.MDB_NOSUBDIR,
                EnvFlags.MDB_NOTLS,
                EnvFlags.MDB_NOSYNC,
                EnvFlags.MDB_NORDAHEAD);
    // readers of a process that was killed would keep old pages from being used again
    env.readerCheck();
    rows = env.openDbi("rows", DbiFlags.MDB_CREATE);
    contents = env.openDbi("contents", DbiFlags.MDB_CREATE);
    frames = env.openDbi("frames", DbiFlags.MDB_CREATE);
    packs = env.openDbi("packs", DbiFlags.MDB_CREATE);
    images = env.openDbi("images", DbiFlags.MDB_CREATE);
    forgotten = env.openDbi("forgotten", DbiFlags.MDB_CREATE);
    meta = env.openDbi("meta", DbiFlags.MDB_CREATE);
  }

  /** Opens the table in a directory; one that is damaged or of another version is made anew. */
  static TableFile open(Path directory) throws IOException {
    Files.createDirectories(directory);
    Path file = directory.resolve(FILE);
    try {
      TableFile table = new TableFile(file);
      if (table.hasOurVersion()) {
        return table;
      }
      table.env.close();
      log.warn("event=table-rebuilt cause=version file={}", file);
    } catch (LmdbException e) {
      log.warn("event=table-rebuilt cause=\"{}\" file={}", e.getMessage(), file);
    }
    delete(directory);
    try {
      TableFile table = new TableFile(file);
      if (table.hasOurVersion()) {
        return table;
      }
      table.env.close();
      throw new ContentTableException("a new content table in " + file + " is not empty");
    } catch (LmdbException e) {
      throw new ContentTableException("can't make the content table " + file, e);
    }
  }

  /** Removes the table's files, so that the next open begins with an empty one. */
  static void delete(Path directory) throws IOException {
    for (String name : List.of(FILE, FILE + "-lock")) {
      Files.deleteIfExists(directory.resolve(name));
    }
  }

  /** A counter of the meta database, 0 if it was never set. */
  long counter(Txn<ByteBuffer> txn, String name) {
    return Optional.ofNullable(meta.get(txn, ascii(name))).map(ByteBuffer::getLong).orElse(0L);
  }

  void setCounter(Txn<ByteBuffer> txn, String name, long value) {
    ByteBuffer bytes = ByteBuffer.allocateDirect(Long.BYTES).putLong(value).flip();
    meta.put(txn, ascii(name), bytes);
  }

  /** Makes everything durable and closes; nobody may read or write any more. */
  @Override
  public void close() {
    env.sync(true);
    env.close();
  }

  /** Sets the version of a table that is new, and says whether it is the one we know. */
  private boolean hasOurVersion() {
    try (Txn<ByteBuffer> txn = env.txnWrite()) {
      long version = counter(txn, VERSION_KEY);
      if (version == 0 && images.stat(txn).entries == 0 && rows.stat(txn).entries == 0) {
        setCounter(txn, VERSION_KEY, VERSION);
        txn.commit();
        return true;
      }
      return version == VERSION;
    }
  }

  private static ByteBuffer ascii(String name) {
    byte[] bytes = name.getBytes(US_ASCII);
    return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
  }

  static String text(ByteBuffer from, int bytes) {
    byte[] text = new byte[bytes];
    from.get(text);
    return new String(text, UTF_8);
  }
}
