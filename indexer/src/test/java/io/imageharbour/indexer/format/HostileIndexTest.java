package io.imageharbour.indexer.format;

import static io.imageharbour.indexer.format.IndexBytes.read;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import com.google.protobuf.ByteString;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.format.proto.Contents;
import io.imageharbour.indexer.format.proto.Index;
import io.imageharbour.indexer.format.proto.Packs;
import io.imageharbour.indexer.format.proto.Tree;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Indexes whose checksum is right and whose columns lie. */
class HostileIndexTest {

  @ParameterizedTest
  @MethodSource({"trees", "metadata", "attributes", "contents", "packs", "origins", "counts"})
  void isRefusedWithOneLineThatSaysWhy(Consumer<Index.Builder> damage, String reason)
      throws IOException {
    Index.Builder index = golden();
    damage.accept(index);

    assertThatThrownBy(() -> read(IndexBytes.seal(index.build())))
        .isInstanceOf(CorruptIndexException.class)
        .hasMessageContaining(reason)
        .hasMessageNotContaining("\n");
  }

  static Stream<Arguments> trees() {
    return Stream.of(
        tree("root is a file", t -> t.setInodeModes(0, 2), "belong to no inode"),
        tree("no inodes", t -> t.clearInodeModes().clearInodeTimes(), "it has no inodes"),
        tree("unknown type", t -> t.setModes(1, 0150644), "unknown type 150000"),
        tree("no type", t -> t.setModes(1, 0644), "unknown type 0"),
        names("slash", "bin\0c/nsole", "no \"/\" and no NUL"),
        names("parent", "..\0console", "\".\" or \"..\""),
        names("self", ".\0console", "\".\" or \"..\""),
        names("empty", "\0console", "1 to 255 bytes, not 0"),
        names("long", "b".repeat(256) + "\0console", "more than 255 bytes"),
        names("descending", "bin\0a", "\"/a\": names are not in strictly ascending order"),
        names("twice", "bin\0bin", "\"/bin\": names are not in strictly ascending order"),
        tree(
            "name without end",
            t -> t.setNames(t.getNames().substring(0, t.getNames().size() - 1)),
            "or no end"),
        tree(
            "more names than files",
            t -> t.setNames(t.getNames().concat(ByteString.copyFrom(new byte[] {'x', 0}))),
            "more values than it has files"),
        tree("cycle", t -> t.setHardLinkInodes(0, 1), "a second one for a directory"),
        tree("root in itself", t -> t.setHardLinkInodes(0, 0), "a second one for a directory"),
        tree("link ahead", t -> t.setHardLinkInodes(0, 12), "refers to inode 12, where 8"),
        tree("link beyond", t -> t.setHardLinkInodes(0, 13), "13 where less than 13"),
        tree("link of no name", t -> t.setHardLinks(0, 14), "14 where less than 14"),
        tree("link twice", t -> t.addHardLinks(0).addHardLinkInodes(2), "strictly ascending"),
        tree("links differ", t -> t.addHardLinkInodes(2), "2 and 3 values"),
        tree("too few names", t -> t.setEntryCounts(1, 2), "of its 13 inodes have no name"),
        tree("too many names", t -> t.setEntryCounts(1, 4), "holds 4 where less than 4"),
        tree("one count too few", t -> t.clearEntryCounts(), "ends too early"),
        tree("one count too many", t -> t.addEntryCounts(0), "more values than it has files"),
        tree("content ahead", t -> t.setFileContents(0, 1), "holds 1 where less than 1"),
        tree("content of no file", t -> t.addFileContents(0), "more values than it has files"),
        tree("major", t -> t.setDeviceMajors(0, 4096), "4096 where less than 4096"),
        tree("minor", t -> t.setDeviceMinors(0, 1 << 20), "where less than 1048576"),
        tree(
            "target of no link",
            t -> t.setLinkTargets(t.getLinkTargets().concat(text("x\0"))),
            "more values than it has files"),
        tree("major of no device", t -> t.addDeviceMajors(1), "more values than it has files"),
        tree("minor of no device", t -> t.addDeviceMinors(1), "more values than it has files"),
        tree("empty link", t -> t.setLinkTargets(text("\0")), "has 0 bytes, not 1 to 4095"),
        tree("long link", t -> t.setLinkTargets(text("x".repeat(4096) + "\0")), "4095 bytes"));
  }

  static Stream<Arguments> metadata() {
    return Stream.of(
        tree("mode ahead", t -> t.setInodeModes(1, 9), "holds 9 where less than 9"),
        tree("mode of 17 bits", t -> t.setModes(1, 01000644 | 0100000), "unknown type 1100000"),
        tree("tables differ", t -> t.addUids(0), "two columns of one table have 9 and 10"),
        tree("no such user", t -> t.setUids(1, -1), "no Linux has a 4294967295"),
        tree("no such group", t -> t.setGids(1, -1), "no Linux has a 4294967295"),
        tree("time ahead", t -> t.setInodeTimes(1, 9), "has time 9 of 3"),
        tree("time behind", t -> t.setInodeTimes(1, -1), "has time -1 of 3"),
        tree("nanoseconds", t -> t.setNanos(1, 1_000_000_000), "1000000000 nanoseconds"),
        tree("many nanoseconds", t -> t.setNanos(1, -1), "the time has -1 nanoseconds"),
        tree("seconds", t -> t.setSeconds(1, Long.MAX_VALUE), "a thousand million years"),
        tree("columns differ", t -> t.addInodeTimes(0), "have 13 and 14 values"),
        tree(
            "more modes than inodes",
            t -> t.addAllModes(Collections.nCopies(10, 0100644)),
            "more modes than inodes"));
  }

  static Stream<Arguments> attributes() {
    return Stream.of(
        tree("order", t -> t.setXattrSetNames(0, 1).setXattrSetNames(1, 0), "ascending order"),
        tree("twice", t -> t.setXattrSetNames(1, 0), "ascending order"),
        tree("name ahead", t -> t.setXattrSetNames(1, 2), "holds 2 where less than 2"),
        tree("namespace", t -> t.setXattrNames(text("a.b\0user.x\0")), "\"a.b\" is in no name"),
        tree("only a namespace", t -> t.setXattrNames(text("user.\0user.x\0")), "no namespace"),
        tree(
            "not Unicode",
            t ->
                t.setXattrNames(
                    ByteString.copyFrom(new byte[] {'u', 's', 'e', 'r', '.', (byte) 0xff, 0})),
            "is not UTF-8"),
        tree(
            "long name",
            t -> t.setXattrNames(text("security.x\0user." + "x".repeat(251) + "\0")),
            "is too long"),
        tree(
            "name that grows too long",
            t -> t.setXattrNames(text("security.x\0trusted.overlay." + "x".repeat(232) + "\0")),
            "is too long"),
        tree("values too short", t -> t.setXattrLengths(1, 11), "ends too early"),
        tree("values too long", t -> t.setXattrLengths(1, 9), "belong to no set"),
        tree("value beyond 16 bits", t -> t.setXattrLengths(1, 65_536), "less than 65536"),
        tree("empty set", t -> t.addXattrCounts(0), "a set of extended attributes is empty"),
        tree("too many in a set", t -> t.setXattrCounts(0, 129), "129 where less than 129"),
        tree("set ahead", t -> t.setXattrInodeSets(0, 1), "holds 1 where less than 1"),
        tree("inode ahead", t -> t.setXattrInodes(0, 13), "13 where less than 13"),
        tree("of no inode", t -> t.addXattrInodes(1), "have 2 and 1 values"),
        tree(
            "all together",
            t ->
                t.setXattrNames(text("security.capability\0user.comment\0user.z\0"))
                    .setXattrCounts(0, 3)
                    .addXattrSetNames(2)
                    .setXattrLengths(0, 60_000)
                    .setXattrLengths(1, 60_000)
                    .addXattrLengths(60_000)
                    .setXattrValues(ByteString.copyFrom(new byte[180_000])),
            "the extended attributes take 180037 bytes"));
  }

  static Stream<Arguments> contents() {
    return Stream.of(
        content("half a digest", c -> c.setDigests(c.getDigests().substring(1)), "127 bytes"),
        content("one size too many", c -> c.addSizes(1), "have 4 and 5 values"),
        content(
            "of no file",
            c ->
                c.setDigests(c.getDigests().concat(digest("new")))
                    .addSizes(1)
                    .addChunkFrames(0)
                    .addChunkOffsets(0),
            "1 of its 5 contents are referred to by no file"),
        content(
            "too few",
            c ->
                c.setDigests(c.getDigests().substring(32))
                    .clearSizes()
                    .addAllSizes(List.of(0L, 1L, 2L)),
            "holds 3 where less than 3"),
        content(
            "twice",
            c ->
                c.setDigests(
                    c.getDigests().substring(0, 96).concat(c.getDigests().substring(0, 32))),
            "appears twice"),
        content(
            "empty with bytes",
            c ->
                c.setSizes(2, 1)
                    .clearChunkFrames()
                    .addAllChunkFrames(List.of(2, 0, 0, -2, 1))
                    .clearChunkOffsets()
                    .addAllChunkOffsets(List.of(0, 0, -110, 0, 0)),
            "cannot have 1 bytes"),
        content(
            "no bytes, another digest",
            c ->
                c.setSizes(0, 0)
                    .clearChunkFrames()
                    .addAllChunkFrames(List.of(2, -2, 1))
                    .clearChunkOffsets()
                    .addAllChunkOffsets(List.of(10, 0, 0)),
            "cannot have 0 bytes"),
        content("huge", c -> c.setSizes(0, 1L << 40), "cannot have 1099511627776 bytes in one"),
        content("negative", c -> c.setSizes(0, -1), "cannot have 18446744073709551615 bytes"),
        content("other sum", c -> c.setSizes(3, 5), "has 5 bytes and its chunks 17825792"),
        content("one chunk listed", c -> c.setChunkCounts(0, 1), "is listed with 1 chunks"),
        content("too many chunks", c -> c.setChunkCounts(0, 3), "holds 3 where less than 3"),
        content("empty chunk", c -> c.setChunkSizes(0, 0), "lies outside its frame"),
        content("chunk sizes differ", c -> c.addChunkSizes(1), "have 2 and 3 values"),
        content("frame ahead", c -> c.setChunkFrames(0, 3), "refers to frame 3 of 3"),
        content("frame behind", c -> c.setChunkFrames(0, -1), "in frame -1"),
        content("frames overflow", c -> c.setChunkFrames(1, Integer.MAX_VALUE), "in frame 2147"),
        content("offset behind", c -> c.setChunkOffsets(0, -1), "lies at -1 in frame"),
        content("offset ahead", c -> c.setChunkOffsets(0, 101), "lies outside its frame"),
        content("overlap", c -> c.setChunkOffsets(1, -1), "chunks of frame 2 overlap"),
        content(
            "offset overflow",
            c -> c.setChunkOffsets(0, Integer.MAX_VALUE),
            "lies at 2147483657 in frame 2"),
        content("place of no chunk", c -> c.addChunkFrames(0).addChunkOffsets(0), "to no content"),
        content("listed twice", c -> c.addChunked(0).addChunkCounts(2), "strictly ascending"));
  }

  static Stream<Arguments> packs() {
    return Stream.of(
        pack("half a digest", p -> p.setDigests(p.getDigests().substring(1)), "63 bytes"),
        pack("descending", p -> p.setDigests(swapped(p.getDigests())), "ascending order of their"),
        pack("empty", p -> p.setSizes(0, 0), "has 0 bytes"),
        pack("negative", p -> p.setSizes(0, -1), "has -1 bytes"),
        pack("too short", p -> p.setSizes(0, 300), "frame 1 ends after its pack"),
        pack("frame empty", p -> p.setFrameSizes(0, 0), "inflates to 0 bytes"),
        pack("frame of nothing", p -> p.setFrameCompressedSizes(0, 0), "has 0 bytes, not 1"),
        pack("frame too big", p -> p.setFrameSizes(0, (16 << 20) + 1), "less than 16777217"),
        pack("frame too long", p -> p.setFrameCompressedSizes(0, 1 << 25), "is possible"),
        pack("frame beyond the pack", p -> p.setFrameGaps(0, 1L << 60), "ends after its pack"),
        pack("frame beyond numbers", p -> p.setFrameGaps(1, Long.MAX_VALUE), "frame 1"),
        pack("frame before the pack", p -> p.setFrameGaps(0, -1), "beyond all bounds"),
        pack("frame in no pack", p -> p.setFrameCounts(1, 0), "are in no pack"),
        pack("more frames", p -> p.setFrameCounts(1, 5), "is possible"),
        pack("pack without frames", p -> p.setFrameCounts(0, 0).setFrameCounts(1, 3), "frame"),
        pack("frame columns differ", p -> p.addFrameGaps(1), "have 4, 3 and 3 values"),
        pack("pack columns differ", p -> p.addSizes(1), "have 2, 3 and 2 values"),
        pack(
            "frame of no chunk",
            p ->
                p.setSizes(1, 100)
                    .addFrameGaps(1)
                    .addFrameSizes(1)
                    .addFrameCompressedSizes(1)
                    .setFrameCounts(1, p.getFrameCounts(1) + 1),
            "1 of its 4 frames are referred to by no chunk"));
  }

  static Stream<Arguments> origins() {
    return Stream.of(
            "https://host/name",
            "user:secret@host/name",
            "host",
            "host/",
            "host/Name",
            "host/../name",
            "host/name:tag",
            "host name/x",
            "host:port/x",
            "-host/x",
            "host/x\n",
            "host/" + "x".repeat(600),
            "same/x\0same/x")
        .map(
            origin ->
                argumentSet(
                    origin.length() > 30 ? "long origin" : origin,
                    index(i -> i.setOrigins(text(origin + "\0"))),
                    origin.startsWith("same")
                        ? "origin 1 is named twice"
                        : origin.length() > 512
                            ? "a text in its payload has more than 512 bytes"
                            : "index: origin 0 is not of the form host/name;"));
  }

  static Stream<Arguments> counts() {
    return Stream.of(
        tree(
            "10 million entries declared",
            t ->
                t.clear()
                    .addModes(0040755)
                    .addUids(0)
                    .addGids(0)
                    .addSeconds(0)
                    .addNanos(0)
                    .addInodeModes(0)
                    .addInodeTimes(0)
                    .addEntryCounts(10_000_000),
            "holds 10000000 where less than 1 is possible"),
        tree(
            "more inodes than are read",
            t ->
                t.addAllInodeModes(Collections.nCopies(Limits.ENTRIES, 0))
                    .addAllInodeTimes(Collections.nCopies(Limits.ENTRIES, 0)),
            "the columns of its inodes have 4194317"),
        tree(
            "more inodes than names",
            t ->
                t.addAllInodeModes(Collections.nCopies(1_000_000, 0))
                    .addAllInodeTimes(Collections.nCopies(1_000_000, 0)),
            "it has 1000014 names in 74 bytes"));
  }

  private static Arguments tree(String name, Consumer<Tree.Builder> damage, String reason) {
    return argumentSet(name, index(i -> damage.accept(i.getTreeBuilder())), reason);
  }

  /** Other names in place of the first two of the root, "bin" and "console". */
  private static Arguments names(String name, String firstTwo, String reason) {
    return tree(
        name,
        t -> t.setNames(text(firstTwo).concat(t.getNames().substring("bin\0console".length()))),
        reason);
  }

  private static Arguments content(String name, Consumer<Contents.Builder> damage, String reason) {
    return argumentSet(name, index(i -> damage.accept(i.getContentsBuilder())), reason);
  }

  private static Arguments pack(String name, Consumer<Packs.Builder> damage, String reason) {
    return argumentSet(name, index(i -> damage.accept(i.getPacksBuilder())), reason);
  }

  private static Consumer<Index.Builder> index(Consumer<Index.Builder> damage) {
    return damage;
  }

  private static ByteString text(String text) {
    return ByteString.copyFromUtf8(text);
  }

  private static ByteString digest(String text) {
    return ByteString.copyFrom(Digest.sha256(text.getBytes(StandardCharsets.UTF_8)).toBytes());
  }

  private static ByteString swapped(ByteString twoDigests) {
    return twoDigests.substring(32).concat(twoDigests.substring(0, 32));
  }

  private static Index.Builder golden() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    IndexFormat.write(GoldenImage.index(), out);
    byte[] file = out.toByteArray();
    return Index.parseFrom(Arrays.copyOfRange(file, 16, file.length - 4)).toBuilder();
  }
}
