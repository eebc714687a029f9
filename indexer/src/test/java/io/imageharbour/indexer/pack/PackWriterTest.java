package io.imageharbour.indexer.pack;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.Pack;
import io.imageharbour.indexer.pack.PackDestination.NewPack;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class PackWriterTest {

  private static final PackLayout TINY = new PackLayout(64, 128, 512, 100, 1L << 30);

  private final Map<Digest, byte[]> packs = new HashMap<>();
  private int cancelled;

  @Test
  void aPackIsAZstdFileOfAllContents(@TempDir Path directory) throws Exception {
    byte[] small = random(10_000, 1);
    byte[] medium = random(300_000, 2);
    byte[] big = random(3_000_000, 3);
    byte[] expected;
    Pack pack;
    try (PackWriter writer = writer(PackLayout.DEFAULT, 3, 2, Map.of())) {
      add(writer, small);
      add(writer, medium);
      add(writer, big);
      pack = writer.finishPack().getFirst();
      // the small file's frame is full only at the end
      expected = concat(medium, big, small);
    }
    Path file = Files.write(directory.resolve("pack.zst"), packs.get(pack.digest()));
    assertThat(run("zstd", "-q", "-t", file.toString())).isEmpty();
    assertThat(run("zstd", "-q", "-d", "-c", file.toString())).isEqualTo(expected);
    assertThat(new String(run("zstd", "-q", "-l", file.toString()), ISO_8859_1))
        .containsPattern("(?m)^ +14 +0 +3.16 MiB +3.16 MiB ");
  }

  @Property(tries = 100)
  void everyChunkLiesWhereItIsSaidToLie(
      @ForAll @Size(max = 40) List<@IntRange(max = 1200) Integer> sizes,
      @ForAll @IntRange(min = 1, max = 4) int jobs)
      throws Exception {
    List<byte[]> contents = new ArrayList<>();
    List<PackedFile> files = new ArrayList<>();
    try (PackWriter writer = writer(TINY, 1, jobs, Map.of())) {
      for (int size : sizes) {
        byte[] content = random(size, size % 7); // some of them the same, some parts of others
        contents.add(content);
        files.add(add(writer, content));
      }
      writer.finishPack();
    }
    for (int i = 0; i < files.size(); i++) {
      assertThat(files.get(i).digest()).isEqualTo(Digest.sha256(contents.get(i)));
      assertThat(files.get(i).size()).isEqualTo(contents.get(i).length);
      assertThat(read(files.get(i))).isEqualTo(contents.get(i));
    }
    // and no frame's content twice
    List<PackedFrame> frames =
        files.stream()
            .flatMap(f -> f.chunks().stream())
            .map(PackedChunk::frame)
            .distinct()
            .toList();
    int inflated = frames.stream().mapToInt(PackedFrame::size).sum();
    int unique =
        files.stream()
            .flatMap(f -> f.chunks().stream())
            .collect(
                HashMap<Digest, Integer>::new, (m, c) -> m.put(c.digest(), c.size()), Map::putAll)
            .values()
            .stream()
            .mapToInt(Integer::intValue)
            .sum();
    assertThat(inflated).isEqualTo(unique);
  }

  @Test
  void theNumberOfThreadsChangesNothing() throws Exception {
    List<Digest> digests = new ArrayList<>();
    for (int jobs : new int[] {1, 2, 8}) {
      try (PackWriter writer = writer(TINY, 3, jobs, Map.of())) {
        for (int i = 0; i < 500; i++) {
          add(writer, random(i * 3, i));
        }
        digests.add(writer.finishPack().getFirst().digest());
      }
    }
    assertThat(digests.stream().distinct()).hasSize(1);
  }

  @Test
  void aSecondCopyOfABigFileCostsNothing() throws Exception {
    byte[] big = random(3_000_000, 5);
    try (PackWriter writer = writer(PackLayout.DEFAULT, 3, 2, Map.of())) {
      PackedFile first = add(writer, big);
      PackedFile second = add(writer, big);
      assertThat(second).isEqualTo(first);
      assertThat(writer.finishPack().getFirst().size()).isLessThan(3_010_000);
    }
  }

  @Test
  void knownChunksAreReferenced() throws Exception {
    byte[] content = random(1000, 6);
    Pack pack = new Pack(Digest.sha256(new byte[] {1}), 12345);
    PackedChunk known =
        new PackedChunk(Digest.sha256(content), 1000, PackedFrame.known(pack, 777, 900, 2000), 500);
    try (PackWriter writer = writer(PackLayout.DEFAULT, 3, 1, Map.of(known.digest(), known))) {
      PackedFile file = add(writer, content);
      assertThat(file.chunks()).containsExactly(known);
      assertThat(writer.finishPack()).isEmpty();
      assertThat(file.chunks().getFirst().frame().isNew()).isFalse();
      assertThat(file.chunks().getFirst().frame().offset()).isEqualTo(777);
    }
    assertThat(packs).isEmpty();
  }

  @Test
  void aPackThatWouldGrowTooBigIsFollowedByAnother() throws Exception {
    try (PackWriter writer = writer(new PackLayout(0, 0, 1000, 1000, 2500), 3, 2, Map.of())) {
      List<PackedFile> files = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        files.add(add(writer, random(1000, i)));
      }
      List<Pack> finished = writer.finishPack();
      assertThat(finished).hasSize(3).allMatch(pack -> pack.size() <= 2500);
      assertThat(files.get(4).chunks().getFirst().frame().pack()).isEqualTo(finished.get(2));
      for (int i = 0; i < 5; i++) {
        assertThat(read(files.get(i))).isEqualTo(random(1000, i));
      }
      add(writer, random(1000, 9));
      assertThat(writer.finishPack()).hasSize(1);
      assertThat(writer.finishPack()).isEmpty();
    }
  }

  @Test
  void aContentThatEndsEarlyIsNoticed() throws Exception {
    try (PackWriter writer = writer(PackLayout.DEFAULT, 3, 1, Map.of())) {
      for (int size : new int[] {10, 100_000, 2_000_000}) {
        assertThatThrownBy(() -> writer.add(new ByteArrayInputStream(new byte[size - 1]), size))
            .isInstanceOf(EOFException.class);
      }
    }
  }

  @Test
  @Timeout(60)
  void aFailingUploadEndsThePackingAndIsCancelled() throws Exception {
    PackDestination full =
        () ->
            new NewPack() {
              @Override
              public void write(byte[] bytes, int offset, int length) throws IOException {
                throw new IOException("the registry is full");
              }

              @Override
              public Pack commit() {
                throw new AssertionError("nothing to commit");
              }

              @Override
              public void close() {
                cancelled++;
              }
            };
    try (PackWriter writer =
        new PackWriter(full, KnownChunks.of(Map.of()), PackLayout.DEFAULT, 1, 2)) {
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 10_000; i++) {
                  add(writer, random(1_000_000, i));
                }
              })
          .isInstanceOf(IOException.class)
          .hasMessage("the registry is full");
      assertThatThrownBy(writer::finishPack).hasMessage("the registry is full");
    }
    assertThat(cancelled).isEqualTo(1);
  }

  @Test
  @Timeout(60)
  void memoryIsBoundedWhenTheUploadStallsAndClosingEndsIt() throws Exception {
    CountDownLatch stalled = new CountDownLatch(1);
    PackDestination stalling =
        () ->
            new NewPack() {
              @Override
              public void write(byte[] bytes, int offset, int length) throws InterruptedException {
                stalled.countDown();
                new CountDownLatch(1).await();
              }

              @Override
              public Pack commit() {
                throw new AssertionError("nothing to commit");
              }

              @Override
              public void close() {
                cancelled++;
              }
            };
    long[] read = {0};
    PackWriter writer =
        new PackWriter(stalling, KnownChunks.of(Map.of()), PackLayout.DEFAULT, 1, 2);
    Thread reader =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    writer.add(new Endless(read), 1L << 40);
                  } catch (InterruptedException | IOException e) {
                    // ends so when the test is done with it
                  }
                });
    assertThat(stalled.await(30, TimeUnit.SECONDS)).isTrue();
    // it waits in between, too, for a compressor
    while (reader.getState() != Thread.State.WAITING || read[0] < 31L << 20) {
      assertThat(read[0]).isLessThanOrEqualTo(34L << 20);
      Thread.onSpinWait();
    }
    assertThat(read[0]).isLessThanOrEqualTo(34L << 20);
    reader.interrupt();
    reader.join();
    writer.close();
    assertThat(cancelled).isEqualTo(1);
  }

  /** A file of a terabyte, every chunk another. */
  private static final class Endless extends InputStream {

    private final long[] read;
    private final Random random = new Random(1);

    Endless(long[] read) {
      this.read = read;
    }

    @Override
    public int read() {
      throw new AssertionError("bytes are read in bulk");
    }

    @Override
    public int read(byte[] bytes, int offset, int length) {
      byte[] some = new byte[Math.min(length, 16)];
      random.nextBytes(some);
      System.arraycopy(some, 0, bytes, offset, some.length);
      read[0] += length;
      return length;
    }
  }

  private PackWriter writer(
      PackLayout layout, int level, int jobs, Map<Digest, PackedChunk> known) {
    return new PackWriter(MemoryPack::new, KnownChunks.of(known), layout, level, jobs);
  }

  private static PackedFile add(PackWriter writer, byte[] content)
      throws IOException, InterruptedException {
    return writer.add(new ByteArrayInputStream(content), content.length);
  }

  private byte[] read(PackedFile file) throws IOException {
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    for (PackedChunk chunk : file.chunks()) {
      PackedFrame frame = chunk.frame();
      byte[] pack = packs.get(frame.pack().digest());
      int offset = (int) frame.offset();
      byte[] inflated =
          FrameDecoder.decode(
              Arrays.copyOfRange(pack, offset, offset + frame.compressedSize()), frame.size());
      content.write(inflated, chunk.offset(), chunk.size());
    }
    return content.toByteArray();
  }

  private static byte[] run(String... command) throws Exception {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    byte[] output = process.getInputStream().readAllBytes();
    assertThat(process.waitFor()).isZero();
    return output;
  }

  private static byte[] random(int size, long seed) {
    byte[] bytes = new byte[size];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }

  private final class MemoryPack implements NewPack {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    @Override
    public void write(byte[] part, int offset, int length) {
      bytes.write(part, offset, length);
    }

    @Override
    public Pack commit() {
      Digest digest = Digest.sha256(bytes.toByteArray());
      packs.put(digest, bytes.toByteArray());
      return new Pack(digest, bytes.size());
    }

    @Override
    public void close() {}
  }
}
