package io.imageharbour.indexer.format;

import static io.imageharbour.indexer.format.IndexValidator.require;

import com.google.protobuf.ByteString;
import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.format.proto.Contents;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/** Contents and chunks, to and from the columns of message Contents. */
final class ContentColumns {

  private final ByteColumn digests;
  private final Varints sizes;
  private final Positions chunked;
  private final Varints chunkCounts;
  private final ByteColumn chunkDigests;
  private final Varints chunkSizes;
  private final Varints frames;
  private final Varints offsets;

  // where the chunk before ended
  private long frame;
  private long end;

  ContentColumns(WireMessage message) throws BrokenRuleException {
    digests = message.bytes(Contents.DIGESTS_FIELD_NUMBER);
    sizes = message.numbers(Contents.SIZES_FIELD_NUMBER);
    chunkCounts = message.numbers(Contents.CHUNK_COUNTS_FIELD_NUMBER);
    chunkDigests = message.bytes(Contents.CHUNK_DIGESTS_FIELD_NUMBER);
    chunkSizes = message.numbers(Contents.CHUNK_SIZES_FIELD_NUMBER);
    frames = message.numbers(Contents.CHUNK_FRAMES_FIELD_NUMBER);
    offsets = message.numbers(Contents.CHUNK_OFFSETS_FIELD_NUMBER);
    Varints positions = message.numbers(Contents.CHUNKED_FIELD_NUMBER);
    requireColumns(positions.count());
    chunked = new Positions(positions, digests.digestCount());
  }

  static Contents encode(List<FileContent> contents) {
    Contents.Builder columns = Contents.newBuilder();
    byte[] digests = new byte[contents.size() * Digest.BYTES];
    ByteArrayOutputStream chunkDigests = new ByteArrayOutputStream();
    int chunkedBefore = 0;
    int frame = 0;
    int end = 0;
    for (int i = 0; i < contents.size(); i++) {
      FileContent content = contents.get(i);
      content.digest().writeTo(digests, i * Digest.BYTES);
      columns.addSizes(content.size());
      if (content.chunks().size() > 1) {
        columns.addChunked(i - chunkedBefore).addChunkCounts(content.chunks().size());
        chunkedBefore = i;
      }
      for (Chunk chunk : content.chunks()) {
        if (content.chunks().size() > 1) {
          chunkDigests.writeBytes(chunk.digest().toBytes());
          columns.addChunkSizes(chunk.size());
        }
        columns.addChunkFrames(chunk.frame() - frame);
        columns.addChunkOffsets(chunk.offset() - (chunk.frame() == frame ? end : 0));
        frame = chunk.frame();
        end = chunk.offset() + chunk.size();
      }
    }
    return columns
        .setDigests(ByteString.copyFrom(digests))
        .setChunkDigests(ByteString.copyFrom(chunkDigests.toByteArray()))
        .build();
  }

  List<FileContent> contents() throws BrokenRuleException {
    int count = digests.digestCount();
    List<FileContent> contents = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      Digest digest = digests.nextDigest();
      long size = sizes.next();
      List<Chunk> chunks;
      if (chunked.passes(i)) {
        chunks = chunks();
      } else if (size == 0) {
        chunks = List.of();
      } else {
        if (size < 0 || size > Integer.MAX_VALUE) {
          throw new BrokenRuleException(
              "content %s cannot have %s bytes in one chunk", digest, Long.toUnsignedString(size));
        }
        chunks = List.of(chunk(digest, (int) size));
      }
      contents.add(new FileContent(digest, size, chunks));
    }
    require(
        chunked.atEnd() && !frames.hasNext() && !chunkSizes.hasNext(),
        "its chunks belong to no content");
    return contents;
  }

  /** The chunks of one content that has several. */
  private List<Chunk> chunks() throws BrokenRuleException {
    int count = chunkCounts.nextBelow(chunkDigests.digestCount() + 1L);
    require(count >= 2, "a content is listed with %d chunks", count);
    List<Chunk> chunks = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      chunks.add(chunk(chunkDigests.nextDigest(), chunkSizes.nextBelow(Integer.MAX_VALUE)));
    }
    return chunks;
  }

  private Chunk chunk(Digest digest, int size) throws BrokenRuleException {
    long before = frame;
    frame += frames.nextSigned();
    long offset = offsets.nextSigned() + (frame == before ? end : 0);
    if (frame < 0 || frame >= Limits.CHUNKS || offset < 0 || offset > Integer.MAX_VALUE) {
      throw new BrokenRuleException("chunk %s lies at %d in frame %d", digest, offset, frame);
    }
    end = offset + size;
    return new Chunk(digest, size, (int) frame, (int) offset);
  }

  private void requireColumns(int chunkedCount) throws BrokenRuleException {
    int count = digests.digestCount();
    require(
        count <= Limits.ENTRIES && sizes.count() == count,
        "the columns of its contents have %d and %d values",
        count,
        sizes.count());
    require(
        chunkedCount == chunkCounts.count(),
        "the columns of its chunked contents have %d and %d values",
        chunkedCount,
        chunkCounts.count());
    require(
        chunkDigests.digestCount() == chunkSizes.count(),
        "the columns of its chunks have %d and %d values",
        chunkDigests.digestCount(),
        chunkSizes.count());
    require(
        frames.count() <= Limits.CHUNKS && offsets.count() == frames.count(),
        "the columns of its places have %d and %d values",
        frames.count(),
        offsets.count());
  }
}
