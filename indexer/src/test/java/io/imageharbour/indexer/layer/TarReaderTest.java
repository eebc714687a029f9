package io.imageharbour.indexer.layer;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.Xattr;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Archives made by GNU tar, and archives made to hurt. */
class TarReaderTest {

  private static final byte[] BINARY = {1, 0, 0, 2, (byte) 0xff, '\n', '=', (byte) 0x80, 0, 7};

  private record Read(TarEntry entry, byte[] content) {
    String name() {
      return new String(entry.name(), ISO_8859_1);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ustar", "oldgnu", "gnu", "posix"})
  void everyFormatOfGnuTarIsRead(String format, @TempDir Path directory) throws Exception {
    Path tree = tree(directory);
    List<Read> read = read(tar(tree, "--format=" + format));
    assertThat(read)
        .extracting(Read::name)
        .containsExactly("./", "./d/", "./d/file", "./d/hard", "./d/link", "./device", "./fifo");
    TarEntry file = read.get(2).entry();
    assertThat(read.get(2).content()).asString().isEqualTo("content");
    assertThat(file.type()).isEqualTo(TarEntry.Type.REGULAR_FILE);
    assertThat(file.permissions()).isEqualTo(04750);
    assertThat(file.uid()).isEqualTo(1234);
    assertThat(file.gid()).isEqualTo(56789);
    assertThat(file.size()).isEqualTo(7);
    assertThat(file.mtimeSeconds()).isEqualTo(1_500_000_000);
    assertThat(file.mtimeNanos()).isEqualTo(format.equals("posix") ? 123_456_789 : 0);
    assertThat(read.get(3).entry().type()).isEqualTo(TarEntry.Type.HARD_LINK);
    assertThat(read.get(3).entry().linkName()).asString().isEqualTo("./d/file");
    assertThat(read.get(4).entry().linkName()).asString().isEqualTo("file");
    assertThat(read.get(5).entry().type()).isEqualTo(TarEntry.Type.BLOCK_DEVICE);
    assertThat(read.get(5).entry().major()).isEqualTo(7);
    assertThat(read.get(5).entry().minor()).isEqualTo(300);
    assertThat(read.get(6).entry().type()).isEqualTo(TarEntry.Type.FIFO);
  }

  @Test
  void archivesFromBeforePosixAreRead(@TempDir Path directory) throws Exception {
    List<Read> read = read(tar(tree(directory).resolve("d"), "--format=v7"));
    assertThat(read).extracting(Read::name).containsExactly("./", "./file", "./hard", "./link");
    assertThat(read.get(0).entry().type()).isEqualTo(TarEntry.Type.DIRECTORY);
    assertThat(read.get(1).content()).asString().isEqualTo("content");
  }

  private static Path tree(Path directory) throws Exception {
    Path tree = Files.createDirectories(directory.resolve("tree"));
    Files.createDirectory(tree.resolve("d"));
    Files.writeString(tree.resolve("d/file"), "content");
    shell(
        tree,
        "chown 1234:56789 d/file; chmod 4750 d/file; touch -d @1500000000.123456789 d/file;"
            + " ln d/file d/hard; ln -s file d/link; mkfifo fifo; mknod device b 7 300");
    return tree;
  }

  @ParameterizedTest
  @ValueSource(strings = {"gnu", "posix"})
  void longNamesBigNumbersAndBytesThatAreNotUtf8AreKept(String format, @TempDir Path directory)
      throws Exception {
    String longName = "n".repeat(200);
    String target = "t".repeat(1000);
    Path tree = Files.createDirectories(directory.resolve("tree"));
    shell(
        tree,
        "mkdir $(printf 'caf\\351'); touch $(printf 'caf\\351')/%1$s; ln -s %2$s a-link;"
                .formatted(longName, target)
            + " touch z-owner; chown 3000000000:4000000000 z-owner; touch -d @-5.5 z-owner");
    List<Read> read = read(tar(tree, "--format=" + format));
    assertThat(read)
        .extracting(Read::name)
        .containsExactly("./", "./a-link", "./caf\u00e9/", "./caf\u00e9/" + longName, "./z-owner");
    assertThat(read.get(1).entry().linkName()).asString().isEqualTo(target);
    TarEntry owner = read.get(4).entry();
    assertThat(owner.uid()).isEqualTo(3_000_000_000L);
    assertThat(owner.gid()).isEqualTo(4_000_000_000L);
    assertThat(owner.mtimeSeconds()).isEqualTo(-6);
    assertThat(owner.mtimeNanos()).isEqualTo(format.equals("posix") ? 500_000_000 : 0);
  }

  @Test
  void attributesAreBytesWhateverTheyHold(@TempDir Path directory) throws Exception {
    Path tree = Files.createDirectories(directory.resolve("tree"));
    Files.createFile(tree.resolve("a"));
    StringBuilder hex = new StringBuilder();
    for (byte b : BINARY) {
      hex.append("%02x".formatted(b));
    }
    shell(tree, "setfattr -n user.binary -v 0x" + hex + " a; setfattr -n user.empty a");
    byte[] archive = tar(tree, "--format=posix", "--xattrs", "--xattrs-include=*");
    assertThat(read(archive).get(1).entry().xattrs())
        .containsExactlyInAnyOrder(
            new Xattr("user.binary", BINARY), new Xattr("user.empty", new byte[0]));

    // the reason why this reader exists
    try (TarArchiveInputStream library =
        new TarArchiveInputStream(new ByteArrayInputStream(archive))) {
      library.getNextEntry();
      TarArchiveEntry entry = library.getNextEntry();
      assertThat(entry.getExtraPaxHeader("SCHILY.xattr.user.binary").getBytes(UTF_8))
          .isNotEqualTo(BINARY);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.0", "0.1", "1.0"})
  void holesOfSparseFilesAreFilledIn(String version, @TempDir Path directory) throws Exception {
    Path tree = Files.createDirectories(directory.resolve("tree"));
    byte[] expected = new byte[3_000_000];
    Random random = new Random(1);
    try (RandomAccessFile file = new RandomAccessFile(tree.resolve("a").toFile(), "rw")) {
      file.setLength(expected.length);
      for (int at = 200_000; at < 2_800_000; at += 700_000) {
        byte[] data = new byte[50_000];
        random.nextBytes(data);
        file.seek(at);
        file.write(data);
        System.arraycopy(data, 0, expected, at, data.length);
      }
    }
    Files.writeString(tree.resolve("b"), "next");
    byte[] archive = tar(tree, "--format=posix", "-S", "--sparse-version=" + version);
    assertThat(archive.length).isLessThan(300_000);
    List<Read> read = read(archive);
    assertThat(read.get(1).name()).isEqualTo("./a");
    assertThat(read.get(1).entry().size()).isEqualTo(expected.length);
    assertThat(read.get(1).content()).isEqualTo(expected);
    assertThat(read.get(2).content()).asString().isEqualTo("next");
  }

  @Test
  void oldSparseFilesAreRefusedAsContainerdDoes(@TempDir Path directory) throws Exception {
    Path tree = Files.createDirectories(directory.resolve("tree"));
    try (RandomAccessFile file = new RandomAccessFile(tree.resolve("a").toFile(), "rw")) {
      file.setLength(1_000_000);
    }
    byte[] archive = tar(tree, "--format=gnu", "-S");
    assertThatThrownBy(() -> read(archive))
        .isInstanceOf(MalformedLayerException.class)
        .hasMessageContaining("./a")
        .hasMessageContaining("'S'");
  }

  @Test
  void globalHeadersAreSkipped(@TempDir Path directory) throws Exception {
    byte[] archive =
        tar(tree(directory), "--format=posix", "--pax-option=globexthdr.name=g,comment=global");
    assertThat(archive[156]).isEqualTo((byte) 'g');
    assertThat(read(archive)).hasSize(7);
  }

  @Test
  void anArchiveMayEndWithOneZeroBlockOrNone(@TempDir Path directory) throws Exception {
    byte[] archive = tar(tree(directory), "--format=posix", "-b1");
    assertThat(read(Arrays.copyOf(archive, archive.length - 512))).hasSize(7);
    assertThat(read(Arrays.copyOf(archive, archive.length - 1024))).hasSize(7);
    assertThat(read(new byte[0])).isEmpty();
  }

  @Test
  void aContentThatIsNotReadIsSkipped(@TempDir Path directory) throws Exception {
    TarReader reader =
        new TarReader(new ByteArrayInputStream(tar(tree(directory), "--format=posix")));
    int entries = 0;
    while (reader.next().isPresent()) {
      assertThat(reader.content().read(new byte[3])).isLessThanOrEqualTo(3);
      entries++;
    }
    assertThat(entries).isEqualTo(7);
  }

  @Test
  void truncatedArchivesAreNoticed(@TempDir Path directory) throws Exception {
    byte[] archive = tar(tree(directory), "--format=posix", "-b1");
    for (int length : new int[] {100, 1000, 2100}) {
      assertThatThrownBy(() -> read(Arrays.copyOf(archive, length)))
          .isInstanceOf(MalformedLayerException.class)
          .hasMessageContaining("truncated");
    }
  }

  @Test
  void aWrongChecksumIsNoticed(@TempDir Path directory) throws Exception {
    byte[] archive = tar(tree(directory), "--format=ustar");
    archive[0] ^= 1;
    assertThatThrownBy(() -> read(archive))
        .isInstanceOf(MalformedLayerException.class)
        .hasMessageContaining("checksum");
  }

  @Test
  void hugeDeclarationsAreRefusedBeforeAnythingIsAllocated() {
    assertThatThrownBy(() -> read(header('x', "77777777777")))
        .isInstanceOf(MalformedLayerException.class)
        .hasMessageContaining("special header of 8589934591 bytes");
    assertThatThrownBy(() -> read(header('0', "\200\0\0\0\177\377\377\377\377\377\377\377")))
        .isInstanceOf(MalformedLayerException.class)
        .hasMessageContaining("at most");
    assertThatThrownBy(() -> read(header('0', "\377\377\377\377\377\377\377\377\377\377\377\377")))
        .isInstanceOf(MalformedLayerException.class)
        .hasMessageContaining("-1 bytes");
    assertThatThrownBy(() -> read(header('0', "\200\377\377\377\377\377\377\377\377\377\377\377")))
        .isInstanceOf(MalformedLayerException.class)
        .hasMessageContaining("64 bits");
    assertThatThrownBy(() -> read(header('0', "12x")))
        .isInstanceOf(MalformedLayerException.class)
        .hasMessageContaining("not octal");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "99 path=a\n",
        "9 path=a",
        "path=a\n",
        "5 a=\u0000",
        "6 path\n",
        "12 path=a\u0000bc\n",
        "11 size=-1\n",
        "15 mtime=today\n",
        "22 GNU.sparse.map=0,1\n34 GNU.sparse.size=9999999999999999\n",
        "30 GNU.sparse.numbytes=123456\n",
        "22 GNU.sparse.map=5,1\n21 GNU.sparse.size=2\n",
        "11 \u00ff\u00feth=a\n",
        "99999999999999999999 a=b\n"
      })
  void malformedExtendedHeadersAreRefused(String records) throws Exception {
    ByteArrayOutputStream archive = new ByteArrayOutputStream();
    byte[] body = records.getBytes(ISO_8859_1);
    archive.write(header('x', Integer.toOctalString(body.length)));
    archive.write(Arrays.copyOf(body, 512));
    archive.write(header('0', "1"));
    archive.write(new byte[512]);
    assertThatThrownBy(() -> read(archive.toByteArray()))
        .isInstanceOf(MalformedLayerException.class);
  }

  @Property(tries = 300)
  void damagedArchivesEndWithAnAnswer(
      @ForAll @IntRange(max = 4000) int at, @ForAll byte value, @ForAll boolean fixChecksum)
      throws Exception {
    byte[] archive = SAMPLE.clone();
    int position = at % archive.length;
    archive[position] = value;
    if (fixChecksum) {
      fixChecksum(archive, position / 512 * 512);
    }
    try {
      read(archive);
    } catch (HarbourException e) {
      assertThat(e).hasMessageNotContaining("null");
    }
  }

  private static final byte[] SAMPLE = sample();

  private static byte[] sample() {
    try {
      Path directory = Files.createTempDirectory("h-tar");
      byte[] archive = tar(tree(directory), "--format=posix", "-b1");
      shell(directory, "rm -rf tree");
      Files.delete(directory);
      return archive;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] header(char type, String size) {
    byte[] block = new byte[512];
    block[0] = 'a';
    System.arraycopy("0000644".getBytes(ISO_8859_1), 0, block, 100, 7);
    System.arraycopy(size.getBytes(ISO_8859_1), 0, block, 124, size.length());
    block[156] = (byte) type;
    System.arraycopy("ustar\00000".getBytes(ISO_8859_1), 0, block, 257, 8);
    fixChecksum(block, 0);
    return block;
  }

  private static void fixChecksum(byte[] archive, int header) {
    Arrays.fill(archive, header + 148, header + 156, (byte) ' ');
    int sum = 0;
    for (int i = header; i < header + 512; i++) {
      sum += archive[i] & 0xff;
    }
    byte[] digits = "%06o\0".formatted(sum).getBytes(ISO_8859_1);
    System.arraycopy(digits, 0, archive, header + 148, digits.length);
  }

  private static List<Read> read(byte[] archive) throws IOException {
    TarReader reader = new TarReader(new ByteArrayInputStream(archive));
    List<Read> entries = new ArrayList<>();
    for (Optional<TarEntry> entry = reader.next(); entry.isPresent(); entry = reader.next()) {
      try (InputStream content = reader.content()) {
        entries.add(new Read(entry.get(), content.readAllBytes()));
      }
    }
    return entries;
  }

  private static byte[] tar(Path tree, String... options) throws Exception {
    List<String> command = new ArrayList<>(List.of("tar", "-C", tree.toString(), "--sort=name"));
    command.addAll(List.of(options));
    command.addAll(List.of("-c", "."));
    return run(new ProcessBuilder(command));
  }

  private static void shell(Path directory, String script) throws Exception {
    run(new ProcessBuilder("sh", "-e", "-c", script).directory(directory.toFile()));
  }

  private static byte[] run(ProcessBuilder command) throws Exception {
    Process process = command.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    byte[] output = process.getInputStream().readAllBytes();
    assertThat(process.waitFor()).isZero();
    return output;
  }
}
