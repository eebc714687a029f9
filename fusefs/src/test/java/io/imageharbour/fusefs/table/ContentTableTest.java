package io.imageharbour.fusefs.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.fusefs.FakeImage;
import io.imageharbour.fusefs.FrameLocation;
import io.imageharbour.indexer.Chunk;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.Frame;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Pack;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeTry;

class ContentTableTest {

  private Path directory = Path.of("");

  @BeforeTry
  void makeDirectory() throws IOException {
    directory = Files.createTempDirectory(Path.of("/dev/shm"), "h-fusefs-table-");
  }

  @AfterTry
  void removeDirectory() throws IOException {
    ContentTable.delete(directory);
    Files.delete(directory);
  }

  /** A command of the property below: an image comes or goes, or the process is restarted. */
  private record Change(int image, int kind) {}

  @Property(tries = 60)
  void theTableHoldsWhatTheImagesInItNeed(
      @ForAll @Size(max = 12) List<@IntRange(max = 14) Integer> changes) throws Exception {
    Map<String, FakeImage> model = new HashMap<>();
    Map<Digest, Long> rows = new HashMap<>();
    ContentTable table = ContentTable.open(directory);
    try {
      for (int encoded : changes) {
        Change change = new Change(encoded % 5, encoded / 5);
        String name = "image" + change.image();
        switch (change.kind()) {
          case 0 -> {
            FakeImage image = image(change.image());
            table.add(name, image.index(), image.index().origins());
            model.put(name, image);
          }
          case 1 -> {
            table.remove(name);
            model.remove(name);
          }
          default -> {
            table.close();
            table = ContentTable.open(directory);
          }
        }
        check(table, model, rows);
      }
    } finally {
      table.close();
    }
  }

  private static void check(
      ContentTable table, Map<String, FakeImage> model, Map<Digest, Long> rows) throws IOException {
    assertThat(table.images()).isEqualTo(model.keySet());
    Set<Digest> needed = new HashSet<>();
    for (Map.Entry<String, FakeImage> image : model.entrySet()) {
      ImageIndex index = image.getValue().index();
      for (FileContent content : index.contents()) {
        needed.add(content.digest());
        RowAttributes row = find(table, image.getKey(), content.digest()).orElseThrow();
        assertThat(row.size()).isEqualTo(content.size());
        assertThat(table.attributes(row.row())).contains(row);
        Long before = rows.put(content.digest(), row.row());
        if (before != null) {
          assertThat(row.row()).isEqualTo(before);
        }
        assertThat(described(table, row.row())).contains(described(index, content));
      }
    }
    for (Map.Entry<Digest, Long> row : rows.entrySet()) {
      if (!needed.contains(row.getKey())) {
        for (String image : model.keySet()) {
          assertThat(find(table, image, row.getKey())).isEmpty();
        }
        assertThat(table.layouts(row.getValue())).isEmpty();
        assertThat(table.attributes(row.getValue())).isPresent();
      }
    }
  }

  /** Each layout of a row as pack, frame offset and digest of its chunks. */
  private static List<List<String>> described(ContentTable table, long row) throws IOException {
    List<List<String>> layouts = new ArrayList<>();
    for (List<StoredChunk> layout : table.layouts(row).orElseThrow()) {
      List<String> chunks = new ArrayList<>();
      for (StoredChunk chunk : layout) {
        FrameLocation location = table.locate(chunk.frame()).orElseThrow();
        assertThat(location.parts())
            .contains(new FrameLocation.Part(chunk.digest(), chunk.offset(), chunk.size()));
        assertThat(location.origins()).isNotEmpty();
        chunks.add(location.pack() + "@" + location.offset() + ":" + chunk.digest());
      }
      layouts.add(chunks);
    }
    return layouts;
  }

  private static List<String> described(ImageIndex index, FileContent content) {
    return content.chunks().stream()
        .map(
            chunk -> {
              Frame frame = index.frames().get(chunk.frame());
              return index.packs().get(frame.pack()).digest()
                  + "@"
                  + frame.offset()
                  + ":"
                  + chunk.digest();
            })
        .toList();
  }

  /** Images that share files: some in the same pack, some in packs of their own. */
  private static FakeImage image(int number) {
    FakeImage image = new FakeImage("pack" + number / 2);
    image.addFrame(FakeImage.bytes(1, 100), FakeImage.bytes(2, 50));
    image.addFrame(FakeImage.bytes(10 + number / 2, 70));
    image.addBig(20, 300, 100);
    if (number % 2 == 1) {
      image.addFrame(FakeImage.bytes(100 + number, 30));
    }
    return image;
  }

  @Example
  void rowsThatNobodyNeedsAreForgottenAtThePurgeAndTheirNumbersNotUsedAgain() throws Exception {
    FakeImage first = image(0);
    FakeImage other = new FakeImage("other");
    other.addFrame(FakeImage.bytes(77, 10));
    try (ContentTable table = ContentTable.open(directory)) {
      table.add("a", first.index(), List.of("registry.test/a"));
      Set<Long> before = new HashSet<>();
      for (FileContent content : first.index().contents()) {
        before.add(row(table, content.digest()));
      }
      table.remove("a");
      table.purgeForgotten();
      for (long row : before) {
        assertThat(table.attributes(row)).isEmpty();
      }
      table.add("b", other.index(), List.of("registry.test/b"));
      Digest digest = other.index().contents().getFirst().digest();
      assertThat(before).doesNotContain(row(table, digest));
    }
  }

  @Example
  void theFramesOfAPackAreFoundInOrder() throws Exception {
    FakeImage image = image(0);
    try (ContentTable table = ContentTable.open(directory)) {
      table.add("a", image.index(), List.of("registry.test/a"));
      Digest first = image.index().contents().getFirst().digest();
      FrameAddress frame =
          table.layouts(row(table, first)).orElseThrow().getFirst().getFirst().frame();
      List<Long> offsets = new ArrayList<>();
      while (true) {
        offsets.add(frame.offset());
        var next = table.next(frame);
        if (next.isEmpty()) {
          break;
        }
        frame = next.get();
      }
      assertThat(offsets).isEqualTo(image.index().frames().stream().map(Frame::offset).toList());
    }
  }

  @Example
  void aRefusedIndexChangesNothing() throws Exception {
    Pack pack = new Pack(Digest.EMPTY, 100);
    Frame first = new Frame(0, 0, 50, 100);
    Frame second = new Frame(0, 50, 50, 100);
    FileContent shared = file(Digest.sha256(new byte[1]), 0, 10);
    FileContent added = file(Digest.sha256(new byte[2]), 10, 10);
    try (ContentTable table = ContentTable.open(directory)) {
      table.add("a", index(pack, first, shared), List.of());
      FrameAddress frame =
          table.layouts(row(table, shared.digest())).orElseThrow().getFirst().getFirst().frame();
      // what is wrong is seen after the first frame was written
      ImageIndex wrong =
          new ImageIndex(
              List.of(),
              List.of(shared, added, overlapping(1, 0), overlapping(2, 5)),
              List.of(first, second),
              List.of(pack),
              List.of());
      assertThatThrownBy(() -> table.add("b", wrong, List.of()))
          .isInstanceOf(UnusableIndexException.class)
          .hasMessageContaining("image \"b\"");
      assertThat(table.images()).containsExactly("a");
      assertThat(table.locate(frame).orElseThrow().parts())
          .extracting(FrameLocation.Part::digest)
          .containsExactly(shared.digest());
      assertThat(table.needs(added.digest(), 10)).isFalse();
    }
  }

  /** A file of ten bytes in the second frame. */
  private static FileContent overlapping(int seed, int offset) {
    Digest digest = Digest.sha256(FakeImage.bytes(seed, 10));
    return new FileContent(digest, 10, List.of(new Chunk(digest, 10, 1, offset)));
  }

  @Example
  void anIndexThatContradictsItselfIsRefused() throws Exception {
    Digest digest = Digest.sha256(new byte[10]);
    Pack pack = new Pack(Digest.EMPTY, 100);
    Frame frame = new Frame(0, 0, 100, 10);
    List<ImageIndex> wrong =
        List.of(
            index(pack, frame, new FileContent(digest, 10, List.of(new Chunk(digest, 10, 1, 0)))),
            index(pack, frame, new FileContent(digest, 10, List.of(new Chunk(digest, 10, 0, 1)))),
            index(pack, frame, new FileContent(digest, 11, List.of(new Chunk(digest, 10, 0, 0)))),
            index(pack, frame, new FileContent(digest, 0, List.of())),
            index(
                pack,
                frame,
                new FileContent(digest, 10, List.of(new Chunk(Digest.EMPTY, 10, 0, 0)))),
            index(
                pack,
                new Frame(0, 50, 51, 10),
                new FileContent(digest, 10, List.of(new Chunk(digest, 10, 0, 0)))),
            index(
                pack,
                new Frame(3, 0, 10, 10),
                new FileContent(digest, 10, List.of(new Chunk(digest, 10, 0, 0)))));
    try (ContentTable table = ContentTable.open(directory)) {
      for (ImageIndex index : wrong) {
        assertThatThrownBy(() -> table.add("bad", index, List.of()))
            .isInstanceOf(UnusableIndexException.class);
      }
      assertThat(table.images()).isEmpty();
    }
  }

  @Example
  void imagesThatSayDifferentThingsOfAContentHaveRowsOfTheirOwn() throws Exception {
    Digest digest = Digest.sha256(new byte[300]);
    Pack pack = new Pack(Digest.EMPTY, 100);
    Frame frame = new Frame(0, 0, 100, 300);
    Map<String, FileContent> said = new LinkedHashMap<>();
    said.put("honest", file(digest, 0, 300));
    said.put("short", file(digest, 0, 299));
    said.put("cut", cut(digest, 100, 200));
    said.put("cut differently", cut(digest, 200, 100));
    Map<String, RowAttributes> rows = new HashMap<>();
    try (ContentTable table = ContentTable.open(directory)) {
      for (Map.Entry<String, FileContent> image : said.entrySet()) {
        table.add(image.getKey(), index(pack, frame, image.getValue()), List.of());
        rows.put(image.getKey(), find(table, image.getKey(), digest).orElseThrow());
      }
      assertThat(rows.values()).extracting(RowAttributes::row).doesNotHaveDuplicates();
      assertThat(find(table, "honest", digest).orElseThrow().size()).isEqualTo(300);
      assertThat(find(table, "short", digest).orElseThrow().size()).isEqualTo(299);
      table.add("same", index(pack, frame, cut(digest, 100, 200)), List.of());
      assertThat(find(table, "same", digest)).hasValue(rows.get("cut"));
      assertThat(table.needs(digest, 300)).isTrue();

      table.remove("cut");
      table.remove("short");
      for (String image : List.of("honest", "cut differently")) {
        assertThat(find(table, image, digest)).hasValue(rows.get(image));
      }
      assertThat(find(table, "same", digest)).hasValue(rows.get("cut"));
      assertThat(find(table, "short", digest)).isEmpty();
      assertThat(table.needs(digest, 299)).isFalse();
      // the kernel may know it
      RowAttributes gone = Objects.requireNonNull(rows.get("short"));
      assertThat(table.layouts(gone.row())).isEmpty();
      assertThat(table.attributes(gone.row())).contains(gone);
      table.add("again", index(pack, frame, file(digest, 0, 299)), List.of());
      assertThat(find(table, "again", digest)).contains(gone);
      table.remove("again");
      table.purgeForgotten();
      assertThat(table.attributes(gone.row())).isEmpty();
      assertThat(find(table, "honest", digest)).hasValue(rows.get("honest"));
    }
  }

  /** The digest of a list of chunks can be that of a file, which is the list. */
  @Example
  void aFileThatIsAListOfChunksSharesNoRowWithThem() throws Exception {
    FileContent pieces = cut(Digest.EMPTY, 10, 62);
    ByteBuffer list = ByteBuffer.allocate(72);
    for (Chunk chunk : pieces.chunks()) {
      list.put(chunk.digest().toBytes()).putInt(chunk.size());
    }
    Digest digest = Digest.sha256(list.array());
    Pack pack = new Pack(Digest.EMPTY, 100);
    Frame frame = new Frame(0, 0, 100, 100);
    try (ContentTable table = ContentTable.open(directory)) {
      table.add("liar", index(pack, frame, cut(digest, 10, 62)), List.of());
      table.add("honest", index(pack, frame, file(digest, 0, 72)), List.of());
      assertThat(find(table, "honest", digest)).isNotEqualTo(find(table, "liar", digest));
    }
  }

  @Example
  void anImageHasItsNumberForItselfAsLongAsItIsKnown() throws Exception {
    ImageIndex index = image(0).index();
    try (ContentTable table = ContentTable.open(directory)) {
      table.add("a", index, List.of());
      table.add("b", index, List.of());
      OptionalLong a = table.imageNumber("a");
      OptionalLong b = table.imageNumber("b");
      assertThat(a).isNotEqualTo(b);
      table.add("a", index, List.of());
      assertThat(table.imageNumber("a")).isEqualTo(a);
      table.add("b", image(1).index(), List.of());
      assertThat(table.imageNumber("b")).as("that of another index").isNotEqualTo(b);
    }
    try (ContentTable table = ContentTable.open(directory)) {
      assertThat(table.imageNumber("a")).isEqualTo(OptionalLong.of(0));
      OptionalLong a = table.imageNumber("a");
      OptionalLong b = table.imageNumber("b");
      table.remove("a");
      assertThat(table.imageNumber("a")).isEmpty();
      assertThat(table.find(a.getAsLong(), index.contents().getFirst().digest())).isEmpty();
      table.add("a", index, List.of());
      assertThat(table.imageNumber("a")).isPresent().isNotEqualTo(a).isNotEqualTo(b);
    }
  }

  @Example
  void chunksOfAFrameThatOverlapAreRefusedOfOneImageAndLeftOutOfTwo() throws Exception {
    Pack pack = new Pack(Digest.EMPTY, 100);
    Frame frame = new Frame(0, 0, 100, 100);
    FileContent first = file(Digest.sha256(new byte[1]), 0, 10);
    FileContent second = file(Digest.sha256(new byte[2]), 10, 10);
    FileContent overlapping = file(Digest.sha256(new byte[3]), 9, 10);
    FileContent around = file(Digest.sha256(new byte[5]), 0, 100);
    FileContent free = file(Digest.sha256(new byte[4]), 20, 10);
    try (ContentTable table = ContentTable.open(directory)) {
      assertThatThrownBy(() -> table.add("liar", index(pack, frame, first, overlapping), List.of()))
          .isInstanceOf(UnusableIndexException.class)
          .hasMessageContaining("overlaps");
      table.add("a", index(pack, frame, first), List.of());
      table.add("liar", index(pack, frame, overlapping), List.of());
      table.add("other liar", index(pack, frame, around), List.of());
      table.add("b", index(pack, frame, first, second), List.of());
      table.add("c", index(pack, frame, free), List.of());
      FrameAddress address =
          table.layouts(row(table, around.digest())).orElseThrow().getFirst().getFirst().frame();
      assertThat(table.locate(address).orElseThrow().parts())
          .extracting(FrameLocation.Part::digest)
          .containsExactly(first.digest(), second.digest(), free.digest());
    }
  }

  @Example
  void aFrameOfTooManyChunksIsRefused() throws Exception {
    FileContent[] files = new FileContent[FrameParts.MAX + 1];
    for (int i = 0; i < files.length; i++) {
      files[i] = file(new Digest(0, 0, 0, i), i, 1);
    }
    Pack pack = new Pack(Digest.EMPTY, 100);
    Frame frame = new Frame(0, 0, 100, files.length);
    try (ContentTable table = ContentTable.open(directory)) {
      assertThatThrownBy(() -> table.add("liar", index(pack, frame, files), List.of()))
          .isInstanceOf(UnusableIndexException.class)
          .hasMessageContaining("131073 chunks");
    }
  }

  /** The row of a content that the images in the table describe in the same way. */
  private static long row(ContentTable table, Digest digest) throws IOException {
    Set<Long> rows = new HashSet<>();
    for (String image : table.images()) {
      find(table, image, digest).ifPresent(row -> rows.add(row.row()));
    }
    assertThat(rows).hasSize(1);
    return rows.iterator().next();
  }

  private static Optional<RowAttributes> find(ContentTable table, String image, Digest digest)
      throws IOException {
    OptionalLong number = table.imageNumber(image);
    return number.isPresent() ? table.find(number.getAsLong(), digest) : Optional.empty();
  }

  /** A file of two chunks. */
  private static FileContent cut(Digest digest, int first, int second) {
    return new FileContent(
        digest,
        first + second,
        List.of(
            new Chunk(Digest.sha256(new byte[first]), first, 0, 0),
            new Chunk(Digest.sha256(new byte[second]), second, 0, first)));
  }

  /** A file of one chunk. */
  private static FileContent file(Digest digest, int offset, int size) {
    return new FileContent(digest, size, List.of(new Chunk(digest, size, 0, offset)));
  }

  private static ImageIndex index(Pack pack, Frame frame, FileContent... contents) {
    return new ImageIndex(
        List.of(), List.of(contents), List.of(frame), List.of(pack), List.of("registry.test/a"));
  }

  @Example
  void aDamagedTableIsReplacedByAnEmptyOne() throws Exception {
    FakeImage image = image(0);
    try (ContentTable table = ContentTable.open(directory)) {
      table.add("a", image.index(), List.of());
    }
    Files.write(directory.resolve("contents.mdb"), new byte[8192]);
    try (ContentTable table = ContentTable.open(directory)) {
      assertThat(table.images()).isEmpty();
    }
    Files.writeString(directory.resolve("contents.mdb"), "garbage", StandardCharsets.US_ASCII);
    try (ContentTable table = ContentTable.open(directory)) {
      table.add("a", image.index(), List.of());
      assertThat(table.images()).containsExactly("a");
    }
  }

  @Example
  void aHundredThousandFilesAreAddedAndFound() throws Exception {
    ImageIndex index = manyFiles(100_000);
    try (ContentTable table = ContentTable.open(directory)) {
      table.add("a", index, List.of());
      Set<Long> rows = rows(table, index);
      assertThat(rows).hasSize(100_000);
      table.add("b", index, List.of());
      assertThat(rows(table, index)).isEqualTo(rows);
    }
  }

  private static Set<Long> rows(ContentTable table, ImageIndex index) throws IOException {
    Set<Long> rows = new HashSet<>();
    for (FileContent content : index.contents()) {
      rows.add(row(table, content.digest()));
    }
    return rows;
  }

  private static ImageIndex manyFiles(int files) {
    SplittableRandom random = new SplittableRandom(files);
    List<FileContent> contents = new ArrayList<>(files);
    List<Frame> frames = new ArrayList<>();
    for (int i = 0; i < files; i++) {
      Digest digest =
          new Digest(random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong());
      int frame = i / 10;
      if (i % 10 == 0) {
        frames.add(new Frame(0, 4000L * frame, 4000, 10_000));
      }
      contents.add(
          new FileContent(digest, 1000, List.of(new Chunk(digest, 1000, frame, i % 10 * 1000))));
    }
    Pack pack = new Pack(Digest.sha256(new byte[1]), 4000L * frames.size());
    return new ImageIndex(List.of(), contents, frames, List.of(pack), List.of("registry.test/a"));
  }
}
