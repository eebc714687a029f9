package io.imageharbour.fusefs.cas;

import io.imageharbour.fusefs.ScrubReport;
import io.imageharbour.fusefs.linux.LinuxException;
import io.imageharbour.fusefs.linux.OpenFile;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A directory of whole files by digest: {@code <root>/cas/ab/cdef…}, read-only. Whoever reads there
 * is not checked again, so a file gets there only whole and verified: it is written to {@code
 * <root>/ingest} and renamed. Files may be deleted at any time. Safe for use by several threads.
 */
public final class Cas implements AutoCloseable {

  private static final int PARTIAL_MODE = 0600;

  /** So long one file that is in the way of another waits for its turn to be verified. */
  private static final int VERIFY_SECONDS = 30;

  private static final int READ_BYTES = 1 << 20;

  private static final int MAX_RIGHT_SIZES = 4096;

  private final Path root;
  private final OpenFile cas;
  private final OpenFile ingest;
  private final UnsyncedFiles unsynced;
  private final AtomicLong nextName = new AtomicLong();
  private final ReentrantLock verifying = new ReentrantLock();

  /**
   * The sizes of files that were verified because somebody expected another one. They stay right,
   * and without them whoever goes on expecting another keeps us reading.
   */
  private final Map<Digest, Long> rightSizes =
      Collections.synchronizedMap(
          new LinkedHashMap<>() {
            private static final long serialVersionUID = 1;

            @Override
            protected boolean removeEldestEntry(Map.Entry<Digest, Long> eldest) {
              return size() > MAX_RIGHT_SIZES;
            }
          });

  private final LongAdder files = new LongAdder();
  private final LongAdder bytes = new LongAdder();

  private Cas(Path root, OpenFile cas, OpenFile ingest, Duration syncInterval) {
    this.root = root;
    this.cas = cas;
    this.ingest = ingest;
    unsynced = new UnsyncedFiles(cas, syncInterval);
  }

  /**
   * Opens the CAS below a directory, or makes it, and removes what earlier processes left
   * half-made.
   *
   * @param lastEnd how the last process ended: after a crash of the machine, files that had not
   *     been made durable are verified, and removed if they are wrong
   */
  public static Cas open(Path root, Duration syncInterval, RunMarker.LastEnd lastEnd)
      throws IOException {
    Path directory = root.resolve("cas");
    Path ingest = root.resolve("ingest");
    for (int i = 0; i < 256; i++) {
      Files.createDirectories(directory.resolve("%02x".formatted(i)));
    }
    Files.createDirectories(ingest);
    try (DirectoryStream<Path> leftovers = Files.newDirectoryStream(ingest)) {
      for (Path leftover : leftovers) {
        Files.delete(leftover);
      }
    }
    Cas opened =
        new Cas(
            root,
            OpenFile.open(directory, OpenFile.O_RDONLY),
            OpenFile.open(ingest, OpenFile.O_RDONLY),
            syncInterval);
    if (lastEnd != RunMarker.LastEnd.CLEAN) {
      try {
        opened
            .scrub()
            .recoverUnsynced(opened.unsynced, lastEnd == RunMarker.LastEnd.MACHINE_CRASHED);
      } catch (IOException e) {
        opened.close();
        throw e;
      }
    }
    return opened;
  }

  /** The directory that holds the files. */
  public Path directory() {
    return root.resolve("cas");
  }

  /** Where the file of a digest lies below {@link #directory}. */
  public static String pathOf(Digest digest) {
    String hex = digest.hex();
    return hex.substring(0, 2) + "/" + hex.substring(2);
  }

  /** Whether the file of a digest is there. */
  public boolean contains(Digest digest) throws LinuxException {
    return cas.existsBelow(pathOf(digest));
  }

  /** Opens the file of a digest for reading; empty if it is not there, or of another size. */
  public Optional<OpenFile> open(Digest digest, long size) throws LinuxException {
    Optional<OpenFile> file = cas.findBelow(pathOf(digest));
    if (file.isEmpty() || file.get().size() == size) {
      return file;
    }
    file.get().close();
    return Optional.empty();
  }

  private OptionalLong size(Digest digest) throws LinuxException {
    Optional<OpenFile> file = cas.findBelow(pathOf(digest));
    if (file.isEmpty()) {
      return OptionalLong.empty();
    }
    try (OpenFile found = file.get()) {
      return OptionalLong.of(found.size());
    }
  }

  /**
   * Sees to it that no file is in the way of one of this size: one of another size is verified, and
   * removed if it is damaged. As slow as reading it, the first time.
   *
   * @throws WrongSizeException if it is as it should be, or once was, and so nothing of this size
   *     has the digest
   */
  public void makeWay(Digest digest, long size) throws IOException, InterruptedException {
    requireNotWrong(digest, size);
    if (isInTheWay(digest, size)) {
      // one at a time: each takes a processor, and megabytes of memory
      if (!verifying.tryLock(VERIFY_SECONDS, TimeUnit.SECONDS)) {
        throw new HarbourException(
            "%s is here with another size than %d bytes, and could not be verified within %d s"
                .formatted(digest, size, VERIFY_SECONDS));
      }
      try {
        requireNotWrong(digest, size);
        removeIfDamaged(digest, size);
      } finally {
        verifying.unlock();
      }
    }
  }

  private boolean isInTheWay(Digest digest, long size) throws LinuxException {
    OptionalLong actual = size(digest);
    return actual.isPresent() && actual.getAsLong() != size;
  }

  private void removeIfDamaged(Digest digest, long size) throws IOException {
    String path = pathOf(digest);
    Optional<OpenFile> found = cas.findBelow(path);
    if (found.isPresent()) {
      try (OpenFile file = found.get()) {
        long actual = file.size();
        if (actual != size) {
          if (digestOf(file).equals(digest)) {
            rightSizes.put(digest, actual);
            throw new WrongSizeException(digest, size, actual);
          }
          cas.unlinkBelow(path);
        }
      }
    }
  }

  private void requireNotWrong(Digest digest, long size) throws WrongSizeException {
    @Nullable Long right = rightSizes.get(digest);
    if (right != null && right != size) {
      throw new WrongSizeException(digest, size, right);
    }
  }

  /** Stores bytes that the caller has verified. A file of this digest that is there is replaced. */
  public void ingest(Digest digest, ByteBuffer verified) throws LinuxException {
    long size = verified.remaining();
    String name = newName();
    int flags = OpenFile.O_WRONLY | OpenFile.O_CREAT | OpenFile.O_EXCL;
    OpenFile file = ingest.openBelow(name, flags, UnsyncedFiles.UNSYNCED_MODE);
    try (file) {
      Writing.writeAt(file, 0, verified);
      moveIn(name, digest, size);
    } catch (LinuxException e) {
      ingest.unlinkBelow(name);
      throw e;
    }
  }

  /** Makes an empty file of {@code size} bytes that takes no room, to be filled in parts. */
  public PartialFile begin(Digest digest, long size) throws LinuxException {
    String name = newName();
    OpenFile file =
        ingest.openBelow(name, OpenFile.O_RDWR | OpenFile.O_CREAT | OpenFile.O_EXCL, PARTIAL_MODE);
    try {
      file.truncate(size);
      return new PartialFile(digest, size, file, name);
    } catch (LinuxException e) {
      file.close();
      ingest.unlinkBelow(name);
      throw e;
    }
  }

  /** A file without a name, for what need not outlast this process; the caller's to close. */
  public OpenFile scratchFile() throws LinuxException {
    String name = newName();
    OpenFile file =
        ingest.openBelow(name, OpenFile.O_RDWR | OpenFile.O_CREAT | OpenFile.O_EXCL, PARTIAL_MODE);
    try {
      ingest.unlinkBelow(name);
      return file;
    } catch (LinuxException e) {
      file.close();
      throw e;
    }
  }

  /**
   * Moves a partial file whose parts are all there into the CAS; it stays open.
   *
   * @throws WrongDigestException if its parts do not make up the digest of the whole
   * @throws InterruptedIOException if the thread is interrupted before it is verified
   */
  public void adopt(PartialFile partial) throws IOException {
    Digest actual = digestOf(partial.file());
    if (!actual.equals(partial.digest())) {
      throw new WrongDigestException(partial.digest(), actual, partial.size());
    }
    partial.file().chmod(UnsyncedFiles.UNSYNCED_MODE);
    moveIn(partial.name(), partial.digest(), partial.size());
  }

  /** Removes a partial file and closes it. */
  public void discard(PartialFile partial) throws LinuxException {
    partial.close();
    ingest.unlinkBelow(partial.name());
  }

  /** Verifies every file and removes those that are wrong. Reads as little memory as it can. */
  public ScrubReport verify() throws IOException {
    return scrub().all();
  }

  /** How many files have come into the CAS since it was opened. */
  public long ingestedFiles() {
    return files.sum();
  }

  /** How many bytes have come into the CAS since it was opened. */
  public long ingestedBytes() {
    return bytes.sum();
  }

  /** Makes everything durable and closes. */
  @Override
  public void close() throws LinuxException {
    try (cas;
        ingest) {
      unsynced.close();
    }
  }

  private Scrub scrub() {
    return new Scrub(directory(), cas);
  }

  private String newName() {
    return Long.toString(nextName.incrementAndGet(), Character.MAX_RADIX);
  }

  private void moveIn(String name, Digest digest, long size) throws LinuxException {
    String path = pathOf(digest);
    ingest.renameBelow(name, cas, path);
    unsynced.add(path);
    files.increment();
    bytes.add(size);
  }

  /** Computes the digest of a whole file. */
  static Digest digestOf(OpenFile file) throws IOException {
    MessageDigest sha256 = Digest.newMessageDigest();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(READ_BYTES);
      byte[] bytes = new byte[READ_BYTES];
      long offset = 0;
      while (true) {
        if (Thread.interrupted()) {
          throw new InterruptedIOException("interrupted while " + file + " was verified");
        }
        long count = file.readAt(offset, buffer);
        MemorySegment.copy(buffer, 0, MemorySegment.ofArray(bytes), 0, count);
        sha256.update(bytes, 0, (int) count);
        offset += count;
        if (count < READ_BYTES) {
          return Digest.fromBytes(sha256.digest());
        }
      }
    }
  }
}
