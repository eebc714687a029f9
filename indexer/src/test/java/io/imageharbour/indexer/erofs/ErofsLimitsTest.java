package io.imageharbour.indexer.erofs;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileName;
import io.imageharbour.indexer.Frame;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.Metadata;
import io.imageharbour.indexer.Xattr;
import io.imageharbour.indexer.format.IndexBuilder;
import io.imageharbour.indexer.format.PlacedChunk;
import io.imageharbour.indexer.format.PlacedFrame;
import io.imageharbour.indexer.format.TreeNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The ends of what an image can hold, each in the kernel. */
class ErofsLimitsTest {

  private static final Metadata PLAIN = metadata(0, List.of());

  private final TreeNode.Directory root = new TreeNode.Directory(PLAIN);
  private final IndexBuilder builder = new IndexBuilder();
  private WorkingDirectory work;

  @BeforeEach
  void makeDirectory() throws IOException {
    work = new WorkingDirectory();
  }

  @AfterEach
  void deleteDirectory() throws IOException, InterruptedException {
    work.close();
  }

  @Test
  void aDirectoryHoldsAHundredThousandFiles() throws IOException, InterruptedException {
    Inode pipe = new Inode.Fifo(PLAIN);
    for (int i = 0; i < 100_000; i++) {
      root.entries().put(FileName.of("!file " + i * 7919 % 100_000), new TreeNode.Special(pipe));
    }
    try (Mount mount = mount(builder.build(root))) {
      Path directory = mount.directory();
      assertThat(Command.run("find", directory.toString(), "-type", "p").lines()).hasSize(100_000);
      for (int i = 0; i < 100_000; i += 997) {
        assertThat(directory.resolve("!file " + i)).exists();
      }
      assertThat(directory.resolve("!file 100000")).doesNotExist();
      assertThat(directory.resolve("..").resolve("m").resolve("!file 0")).exists();
    }
  }

  @Test
  void directoriesAndLinksOfEverySizeAroundABlockAreRead()
      throws IOException, InterruptedException {
    for (int size : List.of(1, 1900, 1983, 1984, 1985, 2048, 4030, 4094, 4095)) {
      byte[] target = new byte[size];
      Arrays.fill(target, (byte) 't');
      put(root, "link" + size, new Inode.SymbolicLink(PLAIN, target));
    }
    for (int count = 0; count < 400; count += 7) {
      TreeNode.Directory directory = new TreeNode.Directory(PLAIN);
      for (int i = 0; i < count; i++) {
        put(directory, "n".repeat(count % 11) + i, new Inode.Socket(PLAIN));
      }
      root.entries().put(FileName.of("directory" + count), directory);
    }
    assertKernelAgrees(builder.build(root));
  }

  @Test
  void aFileKeepsItsSizeAndTheImageStaysSmall() throws IOException, InterruptedException {
    for (long size : List.of(1L, 4095L, 4096L, 4097L, 1L << 20, 1L << 32, (1L << 40) + 1)) {
      Digest digest = Digest.sha256(Long.toString(size).getBytes());
      builder.addContent(digest, size, chunks(digest, size));
      root.entries().put(FileName.of("" + size), new TreeNode.RegularFile(PLAIN, digest));
    }
    builder.addPack(Digest.EMPTY, 1L << 50);
    ImageIndex index = builder.build(root);

    assertThat(work.write(index)).satisfies(image -> assertThat(Files.size(image)).isEqualTo(8192));
    assertKernelAgrees(index);
  }

  @Test
  void timesReachFarIntoThePastAndTheFuture() throws IOException, InterruptedException {
    long[] seconds = {
      -1,
      Integer.MIN_VALUE - 1L,
      Integer.MAX_VALUE + 1L,
      Instant.parse("-9999-01-01T00:00:00Z").getEpochSecond(),
      Instant.parse("+99999-01-01T00:00:00Z").getEpochSecond()
    };
    for (long second : seconds) {
      put(root, "time" + second, new Inode.Fifo(metadata(second, List.of())));
    }
    assertKernelAgrees(builder.build(root));
  }

  @Test
  void anAttributeHoldsAllThatSixteenBitsCount() throws IOException, InterruptedException {
    byte[] value = new byte[Xattr.MAX_VALUE_BYTES];
    Arrays.fill(value, (byte) 'v');
    List<Xattr> xattrs =
        List.of(
            new Xattr("user." + "n".repeat(250), value),
            new Xattr("trusted.overlay." + "o".repeat(231), new byte[] {1}));
    put(root, "alone", new Inode.Fifo(metadata(0, List.of(new Xattr("trusted.big", value)))));
    root.entries().put(FileName.of("shared"), new TreeNode.Directory(metadata(0, xattrs)));
    root.entries().put(FileName.of("shared too"), new TreeNode.Directory(metadata(0, xattrs)));

    assertKernelAgrees(builder.build(root));
  }

  @Test
  void aFileHasManyAttributes() throws IOException, InterruptedException {
    List<Xattr> many =
        IntStream.range(0, 128)
            .mapToObj(i -> new Xattr("user.attribute" + i, new byte[(i * 37) % 900]))
            .toList();
    List<Xattr> once =
        IntStream.range(0, 128).mapToObj(i -> new Xattr("user.other" + i, new byte[900])).toList();
    root.entries().put(FileName.of("a"), new TreeNode.Directory(metadata(0, many)));
    root.entries().put(FileName.of("b"), new TreeNode.Directory(metadata(0, many)));
    root.entries().put(FileName.of("c"), new TreeNode.Directory(metadata(0, once)));

    assertKernelAgrees(builder.build(root));
  }

  @Test
  void aTreeIsAsDeepAsPathsAreLong() throws IOException, InterruptedException {
    TreeNode.Directory directory = root;
    for (int i = 0; i < 2047; i++) {
      TreeNode.Directory next = new TreeNode.Directory(PLAIN);
      directory.entries().put(FileName.of("d"), next);
      directory = next;
    }
    Path image = work.write(builder.build(root)); // fsck.erofs overflows its stack here
    try (Mount mount = Mount.loop(image, work.path("m"))) {
      assertThat(Command.run("find", mount.directory().toString(), "-type", "d").lines())
          .hasSize(2048);
    }
  }

  @Test
  void aWhiteoutOfTheImageHidesFilesFromAnOverlayAboveIt()
      throws IOException, InterruptedException {
    TreeNode.Directory directory = new TreeNode.Directory(PLAIN);
    put(directory, "gone", new Inode.Device(PLAIN, false, 0, 0));
    put(directory, "pipe", new Inode.Fifo(PLAIN));
    root.entries().put(FileName.of("d"), directory);
    Path below = Files.createDirectories(work.path("below/d"));
    Files.createFile(below.resolve("gone"));
    Files.createFile(below.resolve("kept"));

    try (Mount tree = mount(builder.build(root));
        Mount overlay = Mount.overlay(tree.directory(), work.store(Map.of()), work.path("o"));
        Mount above =
            Mount.layers(overlay.directory() + ":" + work.path("below"), work.path("p"))) {
      assertThat(overlay.directory().resolve("d/gone")).isRegularFile();
      assertThat(above.directory().resolve("d/gone")).doesNotExist();
      assertThat(above.directory().resolve("d").toFile().list())
          .containsExactlyInAnyOrder("kept", "pipe");
    }
  }

  @Test
  void dumpErofsReadsIt() throws IOException, InterruptedException {
    put(root, "pipe", new Inode.Fifo(PLAIN));
    Path image = work.write(builder.build(root));

    assertThat(Command.run("dump.erofs", "-s", image.toString()))
        .contains("sb_csum mtime chunked_file")
        .containsPattern("Filesystem inode count: +2\n");
    assertThat(Command.run("dump.erofs", "--path=/pipe", image.toString())).contains("Links: 1");
  }

  private void assertKernelAgrees(ImageIndex index) throws IOException, InterruptedException {
    try (Mount mount = mount(index)) {
      Map<String, TreeOnDisk.Entry> expected = ExpectedTree.of(index);
      Map<String, TreeOnDisk.Entry> seen = TreeOnDisk.read(mount.directory());
      assertThat(seen.keySet()).isEqualTo(expected.keySet());
      expected.forEach((path, entry) -> assertThat(seen.get(path)).as(path).isEqualTo(entry));
    }
  }

  private Mount mount(ImageIndex index) throws IOException, InterruptedException {
    Path image = work.write(index);
    Command.run("fsck.erofs", image.toString());
    return Mount.loop(image, work.path("m"));
  }

  private static List<PlacedChunk> chunks(Digest digest, long size) {
    if (size <= Frame.MAX_SIZE) {
      return List.of(chunk(digest, (int) size, size));
    }
    List<PlacedChunk> chunks =
        new ArrayList<>(
            Collections.nCopies(
                (int) (size / Frame.MAX_SIZE), chunk(Digest.EMPTY, Frame.MAX_SIZE, 0)));
    if (size % Frame.MAX_SIZE > 0) {
      chunks.add(chunk(Digest.EMPTY, (int) (size % Frame.MAX_SIZE), 1L << 40));
    }
    return chunks;
  }

  /** A chunk in a frame of its own. */
  private static PlacedChunk chunk(Digest digest, int size, long frame) {
    return new PlacedChunk(digest, size, new PlacedFrame(Digest.EMPTY, frame, 1, size), 0);
  }

  private static void put(TreeNode.Directory directory, String name, Inode inode) {
    directory.entries().put(FileName.of(name), new TreeNode.Special(inode));
  }

  private static Metadata metadata(long seconds, List<Xattr> xattrs) {
    return new Metadata(0755, -2, 65_536, seconds, 999_999_000, xattrs);
  }
}
