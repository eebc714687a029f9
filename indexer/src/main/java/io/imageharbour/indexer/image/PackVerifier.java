package io.imageharbour.indexer.image;

import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.Frame;
import io.imageharbour.indexer.Pack;
import io.imageharbour.indexer.StoredContents;
import io.imageharbour.indexer.pack.CorruptFrameException;
import io.imageharbour.indexer.pack.FrameDecoder;
import io.imageharbour.indexer.registry.BlobNotFoundException;
import io.imageharbour.indexer.registry.Repository;
import io.imageharbour.indexer.registry.UnexpectedBlobDigestException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads every pack of an index image whole and checks everything that can be checked: the packs'
 * digests, that every frame lies where the index says and inflates to what it says, every chunk's
 * and every file's digest. Memory holds one frame at a time. Safe for use by several threads if its
 * listener is.
 */
public final class PackVerifier {

  private final Listener listener;

  /** Hears how far the verification is, from the verifying thread. */
  public interface Listener {

    /** Hears everything and does nothing. */
    Listener SILENT = new Listener() {};

    /** A pack of this many bytes is about to be read. */
    default void started(Digest pack, long bytes) {}

    /** Further bytes of the pack were read. */
    default void advanced(long bytes) {}

    /** The pack was read, or given up. */
    default void finished(Digest pack) {}
  }

  public PackVerifier(Listener listener) {
    this.listener = listener;
  }

  /**
   * Verifies all packs of an image. Damage is reported in the result, not thrown.
   *
   * @throws IOException if the registry can't be read
   */
  public PackVerification verify(IndexImage image) throws IOException, InterruptedException {
    return verify(image.repository(), image.index().stored());
  }

  /**
   * Verifies all packs that these contents lie in. Damage is reported in the result, not thrown.
   *
   * @throws IOException if the registry can't be read
   */
  public PackVerification verify(Repository repository, StoredContents stored)
      throws IOException, InterruptedException {
    return new Verification(repository, stored).run();
  }

  /** A content of several chunks on its way through the packs. */
  private static final class Progress {
    private final FileContent content;
    private final MessageDigest whole = Digest.newMessageDigest();
    private int next;
    private int verified;

    Progress(FileContent content) {
      this.content = content;
    }
  }

  /** A chunk and the content that it belongs to. */
  private record Use(Chunk chunk, Progress of) {}

  private final class Verification {

    private final Repository repository;
    private final StoredContents stored;
    private final List<List<Use>> usesOfFrame = new ArrayList<>();
    private final List<Progress> contents = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();
    private int moreProblems;
    private int frames;
    private long chunks;
    private long bytes;

    Verification(Repository repository, StoredContents stored) {
      this.repository = repository;
      this.stored = stored;
    }

    PackVerification run() throws IOException, InterruptedException {
      stored.frames().forEach(_ -> usesOfFrame.add(new ArrayList<>()));
      for (FileContent content : stored.contents()) {
        Progress progress = new Progress(content);
        contents.add(progress);
        content
            .chunks()
            .forEach(chunk -> usesOfFrame.get(chunk.frame()).add(new Use(chunk, progress)));
      }
      int frame = 0;
      for (int pack = 0; pack < stored.packs().size(); pack++) {
        int first = frame;
        while (frame < stored.frames().size() && stored.frames().get(frame).pack() == pack) {
          frame++;
        }
        verifyPack(stored.packs().get(pack), first, frame);
      }
      long complete = 0;
      for (int i = 0; i < contents.size(); i++) {
        if (isComplete(i)) {
          complete++;
        }
      }
      if (moreProblems > 0) {
        problems.add("and " + moreProblems + " more problems");
      }
      return new PackVerification(stored.packs().size(), frames, chunks, complete, bytes, problems);
    }

    private void verifyPack(Pack pack, int from, int to) throws IOException, InterruptedException {
      listener.started(pack.digest(), pack.size());
      try (InputStream blob = repository.openBlob(pack.digest(), pack.size())) {
        long position = 0;
        for (int i = from; i < to; i++) {
          Frame frame = stored.frames().get(i);
          skip(blob, frame.offset() - position);
          byte[] compressed = blob.readNBytes(frame.compressedSize());
          count(compressed.length);
          if (compressed.length < frame.compressedSize()) {
            throw new EOFException();
          }
          verifyFrame(pack, frame, compressed, usesOfFrame.get(i));
          position = frame.offset() + frame.compressedSize();
        }
        drain(blob);
      } catch (BlobNotFoundException | UnexpectedBlobDigestException e) {
        report(String.valueOf(e.getMessage()));
      } catch (EOFException e) {
        report("pack " + pack.digest() + " is shorter than the index says");
      }
      listener.finished(pack.digest());
    }

    private void verifyFrame(Pack pack, Frame frame, byte[] compressed, List<Use> uses) {
      String place = "frame at " + frame.offset() + " of pack " + pack.digest();
      byte[] inflated;
      try {
        inflated = FrameDecoder.decode(compressed, frame.size());
      } catch (CorruptFrameException e) {
        report(place + ": " + e.getMessage());
        return;
      }
      frames++;
      for (Use use : uses) {
        Chunk chunk = use.chunk();
        ByteBuffer content = ByteBuffer.wrap(inflated, chunk.offset(), chunk.size());
        if (Digest.sha256(content.duplicate()).equals(chunk.digest())) {
          chunks++;
          use.of().verified++;
          advance(use.of(), chunk, content);
        } else {
          report(place + ": the chunk " + chunk.digest() + " is not at " + chunk.offset());
        }
      }
    }

    /** Hashes on, if this is the chunk that comes next in its content. */
    private void advance(Progress progress, Chunk chunk, ByteBuffer bytesOfChunk) {
      List<Chunk> all = progress.content.chunks();
      if (progress.next < all.size() && all.get(progress.next).equals(chunk)) {
        progress.whole.update(bytesOfChunk);
        progress.next++;
      }
    }

    /** What came out of order, because its chunks are shared, is read once more by itself. */
    private boolean isComplete(int number) throws IOException {
      Progress progress = contents.get(number);
      FileContent content = progress.content;
      if (progress.verified < content.chunks().size()) {
        return false; // reported already
      }
      if (progress.next == content.chunks().size()) {
        if (Digest.fromBytes(progress.whole.digest()).equals(content.digest())) {
          return true;
        }
        report("the chunks of content " + content.digest() + " do not make it up");
        return false;
      }
      try (InputStream stream = new ContentStream(repository, stored, content)) {
        stream.transferTo(OutputStream.nullOutputStream());
        return true;
      } catch (CorruptContentException | BlobNotFoundException e) {
        report(String.valueOf(e.getMessage()));
        return false;
      }
    }

    private void skip(InputStream blob, long count) throws IOException {
      blob.skipNBytes(count);
      count(count);
    }

    private void drain(InputStream blob) throws IOException {
      byte[] ignored = new byte[64 * 1024];
      for (int read = blob.read(ignored); read >= 0; read = blob.read(ignored)) {
        count(read);
      }
    }

    private void count(long read) {
      bytes += read;
      listener.advanced(read);
    }

    private void report(String problem) {
      if (problems.size() < PackVerification.MAX_PROBLEMS - 1) {
        problems.add(problem);
      } else {
        moreProblems++;
      }
    }
  }
}
