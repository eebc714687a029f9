package io.imageharbour.fusefs.table;

import static io.imageharbour.fusefs.table.TableFile.NEXT_IMAGE;
import static io.imageharbour.fusefs.table.TableFile.NEXT_PACK;
import static io.imageharbour.fusefs.table.TableFile.NEXT_ROW;

import io.imageharbour.fusefs.FrameLocation;
import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.Frame;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Pack;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.Txn;

/** Adds one image to the table within one write transaction. */
final class ImageAddition {

  private final TableFile file;
  private final Txn<ByteBuffer> txn;
  private final KnownPacks known;
  private final String image;
  private final ImageIndex index;

  private final ByteBuffer contentKey = ByteBuffer.allocateDirect(ContentKey.BYTES);
  private final ByteBuffer rowKey = ByteBuffer.allocateDirect(Long.BYTES);
  private final ByteBuffer rowValue = ByteBuffer.allocateDirect(RowReferences.BYTES);
  private final ByteBuffer frameKey = ByteBuffer.allocateDirect(FrameKeys.KEY_BYTES);
  private ByteBuffer value = ByteBuffer.allocateDirect(1 << 16);

  ImageAddition(
      TableFile file, Txn<ByteBuffer> txn, KnownPacks known, String image, ImageIndex index) {
    this.file = file;
    this.txn = txn;
    this.known = known;
    this.image = image;
    this.index = index;
  }

  /**
   * Writes everything but the record of the image, which it returns.
   *
   * @param before what the image was, if it was known. It keeps its number if its contents are the
   *     same: whoever looked one up knows it by that number, for ever
   */
  ImageRecord run(Optional<ImageRecord> before, List<String> origins)
      throws UnusableIndexException {
    int[] packs = addPacks();
    FrameAddress[] frames = addresses(packs);
    addParts(frames);
    long[] rows = addContents(frames);
    return new ImageRecord(
        before
            .filter(record -> Arrays.equals(record.rows(), rows))
            .map(ImageRecord::number)
            .orElseGet(this::newNumber),
        image,
        origins,
        Arrays.stream(packs).boxed().distinct().toList(),
        rows);
  }

  private long newNumber() {
    long number = file.counter(txn, NEXT_IMAGE);
    file.setCounter(txn, NEXT_IMAGE, number + 1);
    return number;
  }

  private int[] addPacks() {
    int[] numbers = new int[index.packs().size()];
    long next = file.counter(txn, NEXT_PACK);
    for (int i = 0; i < numbers.length; i++) {
      Pack pack = index.packs().get(i);
      @Nullable Integer number = known.numberOf(pack.digest(), pack.size());
      if (number == null) {
        number = Math.toIntExact(next++);
        ByteBuffer key = ByteBuffer.allocateDirect(Integer.BYTES).putInt(number).flip();
        ByteBuffer record = ByteBuffer.allocateDirect(Digest.BYTES + Long.BYTES);
        Bytes.put(record, pack.digest()).putLong(pack.size()).flip();
        file.packs.put(txn, key, record);
      }
      numbers[i] = number;
    }
    file.setCounter(txn, NEXT_PACK, next);
    return numbers;
  }

  private FrameAddress[] addresses(int[] packs) throws UnusableIndexException {
    FrameAddress[] addresses = new FrameAddress[index.frames().size()];
    for (int i = 0; i < addresses.length; i++) {
      Frame frame = index.frames().get(i);
      if (frame.pack() < 0
          || frame.pack() >= packs.length
          || frame.offset() < 0
          || frame.compressedSize() < 1
          || frame.size() < 1
          || frame.size() > Frame.MAX_SIZE
          || frame.offset() + frame.compressedSize() > index.packs().get(frame.pack()).size()) {
        throw new UnusableIndexException(image, "frame " + i + " can't be " + frame);
      }
      addresses[i] =
          new FrameAddress(
              packs[frame.pack()], frame.offset(), frame.compressedSize(), frame.size());
    }
    return addresses;
  }

  /** Joins the chunks that this image knows in each frame with those that other images know. */
  private void addParts(FrameAddress[] frames) throws UnusableIndexException {
    List<List<FrameLocation.Part>> parts = new ArrayList<>(frames.length);
    for (int i = 0; i < frames.length; i++) {
      parts.add(new ArrayList<>(1));
    }
    for (FileContent content : index.contents()) {
      check(content, frames);
      for (Chunk chunk : content.chunks()) {
        parts
            .get(chunk.frame())
            .add(new FrameLocation.Part(chunk.digest(), chunk.offset(), chunk.size()));
      }
    }
    for (int i = 0; i < frames.length; i++) {
      FrameParts added = new FrameParts(frames[i], parts.get(i));
      added.requireDisjoint(image);
      mergeParts(frames[i], added);
    }
  }

  private void mergeParts(FrameAddress frame, FrameParts added) {
    ByteBuffer key = FrameKeys.write(frameKey, frame);
    @Nullable ByteBuffer stored = file.frames.get(txn, key);
    List<FrameLocation.Part> before = stored == null ? List.of() : FrameKeys.readParts(stored);
    List<FrameLocation.Part> merged = added.besides(before);
    if (merged.size() > before.size()) {
      ByteBuffer target = valueOf(Math.multiplyExact(merged.size(), FrameKeys.PART_BYTES));
      merged.forEach(part -> FrameKeys.writePart(target, part));
      file.frames.put(txn, key, target.flip());
    }
  }

  private void check(FileContent content, FrameAddress[] frames) throws UnusableIndexException {
    long size = 0;
    for (Chunk chunk : content.chunks()) {
      if (chunk.frame() < 0
          || chunk.frame() >= frames.length
          || chunk.size() < 1
          || chunk.offset() < 0
          || (long) chunk.offset() + chunk.size() > frames[chunk.frame()].size()) {
        throw new UnusableIndexException(image, content.digest() + " has the chunk " + chunk);
      }
      size += chunk.size();
    }
    if (size != content.size()) {
      throw new UnusableIndexException(
          image,
          "%s has %d bytes, but its chunks have %d"
              .formatted(content.digest(), content.size(), size));
    }
    boolean nameless = content.chunks().isEmpty() && !content.digest().equals(Digest.EMPTY);
    boolean misnamed =
        content.chunks().size() == 1
            && !content.chunks().getFirst().digest().equals(content.digest());
    if (nameless || misnamed) {
      throw new UnusableIndexException(
          image, "the digest of " + content.digest() + " is not that of its only chunk");
    }
  }

  /**
   * Adds the contents in the order of their digests, which LMDB takes much faster than any other.
   */
  private long[] addContents(FrameAddress[] frames) {
    List<FileContent> contents = new ArrayList<>(index.contents());
    contents.sort(Comparator.comparing(FileContent::digest));
    long[] rows = new long[contents.size()];
    long next = file.counter(txn, NEXT_ROW);
    for (int i = 0; i < rows.length; i++) {
      FileContent content = contents.get(i);
      List<StoredChunk> layout = layoutOf(content, frames);
      ContentKey key = ContentKey.of(content);
      @Nullable ByteBuffer stored = file.rows.get(txn, key.write(contentKey));
      if (stored == null) {
        rows[i] = next++;
        putRow(new RowReferences(rows[i], 1));
        putContent(rows[i], key, List.of(layout));
      } else {
        RowReferences row = RowReferences.read(stored);
        rows[i] = row.row();
        addReference(row, key, layout);
      }
    }
    file.setCounter(txn, NEXT_ROW, next);
    return rows;
  }

  private void addReference(RowReferences row, ContentKey content, List<StoredChunk> layout) {
    ByteBuffer key = rowKey.clear().putLong(row.row()).flip();
    List<List<StoredChunk>> before = Layouts.read(file.contents.get(txn, key), known::contains);
    putRow(new RowReferences(row.row(), row.references() + 1));
    if (row.references() == 0) {
      file.forgotten.delete(txn, key);
    }
    if (!before.contains(layout)) {
      List<List<StoredChunk>> layouts = new ArrayList<>(before);
      layouts.add(layout);
      putContent(row.row(), content, layouts);
    }
  }

  private List<StoredChunk> layoutOf(FileContent content, FrameAddress[] frames) {
    List<StoredChunk> layout = new ArrayList<>(content.chunks().size());
    for (Chunk chunk : content.chunks()) {
      layout.add(
          new StoredChunk(chunk.digest(), chunk.size(), chunk.offset(), frames[chunk.frame()]));
    }
    return layout;
  }

  /** Writes the row of the content that {@link #contentKey} holds. */
  private void putRow(RowReferences row) {
    row.write(rowValue.clear());
    file.rows.put(txn, contentKey, rowValue.flip());
  }

  private void putContent(long row, ContentKey content, List<List<StoredChunk>> layouts) {
    ByteBuffer target = valueOf(Layouts.bytes(layouts));
    Layouts.write(target, content, layouts);
    file.contents.put(txn, rowKey.clear().putLong(row).flip(), target.flip());
  }

  private ByteBuffer valueOf(int bytes) {
    if (value.capacity() < bytes) {
      value = ByteBuffer.allocateDirect(Math.max(bytes, 2 * value.capacity()));
    }
    return value.clear();
  }
}
