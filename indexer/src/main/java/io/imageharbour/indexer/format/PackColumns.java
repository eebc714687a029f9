package io.imageharbour.indexer.format;

import static io.imageharbour.indexer.format.IndexValidator.require;

import com.google.protobuf.ByteString;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.Frame;
import io.imageharbour.indexer.Pack;
import io.imageharbour.indexer.format.proto.Packs;
import java.util.ArrayList;
import java.util.List;

/** Packs and frames, to and from the columns of message Packs. */
final class PackColumns {

  private final ByteColumn digests;
  private final Varints sizes;
  private final Varints frameCounts;
  private final Varints gaps;
  private final Varints compressedSizes;
  private final Varints frameSizes;

  PackColumns(WireMessage message) {
    digests = message.bytes(Packs.DIGESTS_FIELD_NUMBER);
    sizes = message.numbers(Packs.SIZES_FIELD_NUMBER);
    frameCounts = message.numbers(Packs.FRAME_COUNTS_FIELD_NUMBER);
    gaps = message.numbers(Packs.FRAME_GAPS_FIELD_NUMBER);
    compressedSizes = message.numbers(Packs.FRAME_COMPRESSED_SIZES_FIELD_NUMBER);
    frameSizes = message.numbers(Packs.FRAME_SIZES_FIELD_NUMBER);
  }

  static Packs encode(List<Pack> packs, List<Frame> frames) {
    Packs.Builder columns = Packs.newBuilder();
    byte[] digests = new byte[packs.size() * Digest.BYTES];
    int[] counts = new int[packs.size()];
    for (int i = 0; i < packs.size(); i++) {
      packs.get(i).digest().writeTo(digests, i * Digest.BYTES);
      columns.addSizes(packs.get(i).size());
    }
    int pack = -1;
    long end = 0;
    for (Frame frame : frames) {
      if (frame.pack() != pack) {
        pack = frame.pack();
        end = 0;
      }
      counts[pack]++;
      columns.addFrameGaps(frame.offset() - end);
      columns.addFrameCompressedSizes(frame.compressedSize());
      columns.addFrameSizes(frame.size());
      end = frame.offset() + frame.compressedSize();
    }
    for (int count : counts) {
      columns.addFrameCounts(count);
    }
    return columns.setDigests(ByteString.copyFrom(digests)).build();
  }

  List<Pack> packs() throws BrokenRuleException {
    int count = digests.digestCount();
    require(
        count <= Limits.PACKS && sizes.count() == count && frameCounts.count() == count,
        "the columns of its packs have %d, %d and %d values",
        count,
        sizes.count(),
        frameCounts.count());
    List<Pack> packs = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      packs.add(new Pack(digests.nextDigest(), sizes.next()));
    }
    return packs;
  }

  List<Frame> frames() throws BrokenRuleException {
    int count = gaps.count();
    require(
        count <= Limits.CHUNKS && compressedSizes.count() == count && frameSizes.count() == count,
        "the columns of its frames have %d, %d and %d values",
        count,
        compressedSizes.count(),
        frameSizes.count());
    List<Frame> frames = new ArrayList<>(count);
    for (int pack = 0; frameCounts.hasNext(); pack++) {
      int inPack = frameCounts.nextBelow(count - frames.size() + 1L);
      long end = 0;
      for (int i = 0; i < inPack; i++) {
        long offset = end + gaps.next();
        require(offset >= end, "frame %d begins beyond all bounds", frames.size());
        Frame frame =
            new Frame(
                pack,
                offset,
                compressedSizes.nextBelow(Frame.MAX_COMPRESSED_SIZE + 1L),
                frameSizes.nextBelow(Frame.MAX_SIZE + 1L));
        end = offset + frame.compressedSize();
        frames.add(frame);
      }
    }
    require(
        frames.size() == count, "%d of its %d frames are in no pack", count - frames.size(), count);
    return frames;
  }
}
