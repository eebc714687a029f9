package io.imageharbour.fusefs;

import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.DirectoryEntry;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.FileName;
import io.imageharbour.indexer.Frame;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.Metadata;
import io.imageharbour.indexer.Pack;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Supplier;

/**
 * Builds an index of made-up files, and knows their bytes. Its frames are not really compressed.
 */
public final class FakeImage {

  private final Digest pack;
  private final List<FileContent> contents = new ArrayList<>();
  private final List<Frame> frames = new ArrayList<>();
  private final Map<Digest, Supplier<byte[]>> chunks = new HashMap<>();
  private final Map<Place, List<FrameLocation.Part>> parts = new HashMap<>();
  private long packSize;

  /** Where a frame begins. */
  record Place(Digest pack, long offset) {}

  /** An image whose one pack is called so. */
  public FakeImage(String pack) {
    this.pack = Digest.sha256(pack.getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  /** Random bytes that are the same for the same seed. */
  public static byte[] bytes(long seed, int size) {
    byte[] bytes = new byte[size];
    new SplittableRandom(seed).nextBytes(bytes);
    return bytes;
  }

  /** Adds files that share a frame. */
  public List<FileContent> addFrame(byte[]... files) {
    int size = 0;
    int frame = frames.size();
    List<FileContent> added = new ArrayList<>();
    List<FrameLocation.Part> parts = new ArrayList<>();
    for (byte[] file : files) {
      Digest digest = Digest.sha256(file);
      added.add(
          new FileContent(
              digest, file.length, List.of(new Chunk(digest, file.length, frame, size))));
      chunks.put(digest, () -> file);
      parts.add(new FrameLocation.Part(digest, size, file.length));
      size += file.length;
    }
    addFrame(size, parts);
    contents.addAll(added);
    return added;
  }

  /** Adds a file of random bytes that is cut into chunks, each in a frame of its own. */
  public FileContent addBig(long seed, long size, int chunkSize) {
    MessageDigest whole = Digest.newMessageDigest();
    List<Chunk> cut = new ArrayList<>();
    for (long offset = 0; offset < size; offset += chunkSize) {
      int length = (int) Math.min(chunkSize, size - offset);
      long chunkSeed = seed + offset;
      byte[] bytes = bytes(chunkSeed, length);
      whole.update(bytes);
      Digest digest = Digest.sha256(bytes);
      cut.add(new Chunk(digest, length, frames.size(), 0));
      chunks.put(digest, () -> bytes(chunkSeed, length));
      addFrame(length, List.of(new FrameLocation.Part(digest, 0, length)));
    }
    return add(new FileContent(Digest.fromBytes(whole.digest()), size, cut));
  }

  /** Adds a file that is cut into chunks, each in a frame of its own. */
  public FileContent addCut(byte[] file, int chunkSize) {
    List<Chunk> cut = new ArrayList<>();
    for (int offset = 0; offset < file.length; offset += chunkSize) {
      byte[] part = Arrays.copyOfRange(file, offset, Math.min(offset + chunkSize, file.length));
      Digest digest = Digest.sha256(part);
      cut.add(new Chunk(digest, part.length, frames.size(), 0));
      chunks.put(digest, () -> part);
      addFrame(part.length, List.of(new FrameLocation.Part(digest, 0, part.length)));
    }
    return add(new FileContent(Digest.sha256(file), file.length, cut));
  }

  /** Adds a content as it is, right or wrong. */
  public FileContent add(FileContent content) {
    contents.add(content);
    return content;
  }

  /** The bytes of a chunk. */
  public Map<Digest, Supplier<byte[]>> chunks() {
    return chunks;
  }

  /** What the frames hold. */
  Map<Place, List<FrameLocation.Part>> parts() {
    return parts;
  }

  /** The index, with a root directory that holds every file. */
  public ImageIndex index() {
    Metadata metadata = new Metadata(0755, 0, 0, 0, 0, List.of());
    List<Inode> inodes = new ArrayList<>();
    List<DirectoryEntry> entries = new ArrayList<>();
    for (int i = 0; i < contents.size(); i++) {
      entries.add(new DirectoryEntry(FileName.of("file%06d".formatted(i)), i + 1));
    }
    inodes.add(new Inode.Directory(metadata, entries));
    for (int i = 0; i < contents.size(); i++) {
      inodes.add(new Inode.RegularFile(metadata, i));
    }
    return new ImageIndex(
        inodes, contents, frames, List.of(new Pack(pack, packSize)), List.of("registry.test/app"));
  }

  /** Adds a frame that holds these chunks; they need not be those of this image. */
  void addFrame(int size, List<FrameLocation.Part> held) {
    parts.put(new Place(pack, packSize), held);
    int compressed = RawFrame.length(size);
    frames.add(new Frame(0, packSize, compressed, size));
    packSize += compressed;
  }
}
