package io.imageharbour.fusefs.tree;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.fusefs.Commands;
import io.imageharbour.fusefs.FakeImage;
import io.imageharbour.fusefs.FakeSource;
import io.imageharbour.fusefs.TestStore;
import io.imageharbour.fusefs.TreeMount;
import io.imageharbour.fusefs.TreeMountException;
import io.imageharbour.fusefs.TreeMountOptions;
import io.imageharbour.fusefs.linux.MountTable;
import io.imageharbour.fusefs.linux.Mounts;
import io.imageharbour.indexer.DirectoryEntry;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.FileName;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.Metadata;
import io.imageharbour.indexer.Xattr;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Mounted trees, looked at by programs that we did not write. Needs root. */
@Timeout(120)
class TreeMountTest {

  private static final Metadata ROOT_METADATA = new Metadata(0755, 0, 0, 0, 0, List.of());

  @TempDir Path temp;

  private final FakeImage image = new FakeImage("pack");
  private final FakeSource source = new FakeSource("memory");
  private final List<Inode> inodes = new ArrayList<>();
  private Path target;

  @BeforeEach
  void makeTarget() throws IOException {
    target = Files.createDirectory(temp.resolve("tree"));
  }

  @Test
  void everyKindOfFileIsAsTheIndexSays() throws Exception {
    FileContent content = image.addFrame(FakeImage.bytes(1, 5000)).getFirst();
    Metadata plain = metadata(0644);
    Inode file =
        new Inode.RegularFile(new Metadata(04751, 1000, 65534, -7, 123_456_789, List.of()), 0);
    try (TestStore store = store();
        TreeMount mount =
            mount(
                store,
                TreeMountOptions.SHARED,
                entry("file", file),
                entry("link", new Inode.SymbolicLink(plain, "to/nowhere".getBytes(UTF_8))),
                entry("block", new Inode.Device(metadata(0660), true, 8, 0x12345)),
                entry("char", new Inode.Device(metadata(0666), false, 0xABC, 3)),
                entry("whiteout", new Inode.Device(metadata(0600), false, 0, 0)),
                entry("fifo", new Inode.Fifo(metadata(0600))),
                entry("socket", new Inode.Socket(metadata(0700))))) {
      assertThat(stat("%a %u %g %s %.9Y %h %F", "file"))
          .isEqualTo("4751 1000 65534 5000 -6.876543211 1 regular file");
      assertThat(stat("%N %s %F", "link")).endsWith("'to/nowhere' 10 symbolic link");
      // major and minor number of the device, in hexadecimal digits
      assertThat(stat("%t %T %F %a", "block")).isEqualTo("8 12345 block special file 660");
      assertThat(stat("%t %T %F", "char")).isEqualTo("abc 3 character special file");
      assertThat(stat("%t %T %F", "whiteout")).isEqualTo("0 0 character special file");
      assertThat(stat("%F", "fifo")).isEqualTo("fifo");
      assertThat(stat("%F %a", "socket")).isEqualTo("socket 700");
      assertThat(stat("%F %h", "")).isEqualTo("directory 2");
      assertThat(Commands.run("df", "--output=fstype,itotal", target.toString()))
          .contains("fuse.harbour-tree", " 8");
      assertThat(source.fetches).hasValue(0);

      assertThat(mount.target().resolve("file")).hasBinaryContent(FakeImage.bytes(1, 5000));
      assertThat(store.cached(content.digest())).hasBinaryContent(FakeImage.bytes(1, 5000));
      assertThatThrownBy(() -> Files.createFile(target.resolve("new")))
          .hasMessageContaining("Read-only file system");
    }
    assertThat(MountTable.on(target)).isEmpty();
  }

  @Test
  void hardLinksAreOneInodeWithTheirNumberOfNames() throws Exception {
    image.addFrame(FakeImage.bytes(1, 100), FakeImage.bytes(2, 100));
    int below = 4;
    inodes.add(
        new Inode.Directory(
            ROOT_METADATA, List.of(at("a", 1), at("b", 1), at("directory", 3), at("other", 2))));
    inodes.add(new Inode.RegularFile(metadata(0644), 0));
    inodes.add(new Inode.RegularFile(metadata(0644), 1));
    inodes.add(new Inode.Directory(ROOT_METADATA, List.of(at("below", below), at("c", 1))));
    inodes.add(new Inode.Directory(ROOT_METADATA, List.of()));
    try (TestStore store = store();
        TreeMount mount = mount(store, TreeMountOptions.OWN)) {
      assertThat(mount.target()).isEqualTo(target);
      assertThat(stat("%h", "a")).isEqualTo("3");
      assertThat(stat("%i", "a")).isEqualTo(stat("%i", "b")).isEqualTo(stat("%i", "directory/c"));
      assertThat(stat("%i", "a")).isNotEqualTo(stat("%i", "other"));
      assertThat(stat("%h", "directory")).isEqualTo("3");
      assertThat(stat("%h", "")).isEqualTo("3");
      // what the directories say
      assertThat(Commands.run("find", target.toString(), "-samefile", target + "/a"))
          .hasLineCount(3);
      assertThat(Commands.run("ls", "-i1", target.toString()))
          .contains(stat("%i", "a") + " a\n" + stat("%i", "b") + " b\n");
    }
  }

  @Test
  void namesAndTargetsAreTheBytesThatTheyAre() throws Exception {
    byte[] target = "\u00fc\u0080".getBytes(ISO_8859_1);
    byte[] name = "n\u00e4me\n\u00ff".getBytes(ISO_8859_1);
    byte[] longest = new byte[FileName.MAX_BYTES];
    Arrays.fill(longest, (byte) 0xC3);
    inodes.add(
        new Inode.Directory(
            ROOT_METADATA,
            List.of(
                at("\u00fcmlaut", 1),
                new DirectoryEntry(FileName.of(longest), 2),
                new DirectoryEntry(FileName.of(name), 1))));
    inodes.set(0, sorted((Inode.Directory) inodes.getFirst()));
    inodes.add(new Inode.SymbolicLink(metadata(0777), target));
    inodes.add(new Inode.Directory(ROOT_METADATA, List.of()));
    try (TestStore store = store();
        TreeMount mount = mount(store, TreeMountOptions.OWN)) {
      assertThat(mount.target()).isDirectory();
      byte[] listed =
          bytes("find", this.target.toString(), "-mindepth", "1", "-printf", "%P\\0%l\\0");
      ByteArrayOutputStream expected = new ByteArrayOutputStream();
      for (byte[] part :
          new byte[][] {name, target, "\u00fcmlaut".getBytes(UTF_8), target, longest, {}}) {
        expected.write(part);
        expected.write(0);
      }
      assertThat(listed).isEqualTo(expected.toByteArray());
      assertThat(
              bytes(
                  "sh",
                  "-c",
                  "readlink -n \"$1/$(printf 'n\\344me\\n\\377')\"",
                  "sh",
                  this.target.toString()))
          .isEqualTo(target);
    }
  }

  @Test
  void attributesAreShownAndALayerHidesFromOverlayfsWhatIsNotForIt() throws Exception {
    byte[] value = {0, 1, (byte) 0xFF};
    byte[] big = FakeImage.bytes(3, 60_000);
    Metadata metadata =
        new Metadata(
            0755,
            0,
            0,
            0,
            0,
            List.of(
                new Xattr("trusted.overlay.opaque", new byte[] {'y'}),
                new Xattr("user.big", big),
                new Xattr("user.empty", new byte[0]),
                new Xattr("user.\u00e4", value)));
    Map<String, Inode> entries = new HashMap<>();
    entries.put("directory", new Inode.Directory(metadata, List.of()));
    entries.put("whiteout", new Inode.Device(metadata(0600), false, 0, 0));
    root(entries);
    try (TestStore store = store()) {
      try (TreeMount plain = mount(store, TreeMountOptions.OWN)) {
        assertThat(plain.target()).isDirectory();
        String dumped =
            Commands.run(
                "getfattr",
                "-d",
                "-m",
                "-",
                "-e",
                "hex",
                "--absolute-names",
                target + "/directory");
        assertThat(dumped)
            .contains("trusted.overlay.opaque=0x79\n", "user.empty=0x\n", "user.\u00e4=0x0001ff\n")
            .contains("user.big=0x" + HexFormat.of().formatHex(big));
      }
      try (TreeMount layer = mount(store, TreeMountOptions.LAYER)) {
        assertThat(layer.target()).isDirectory();
        assertThat(
                Commands.run(
                    "getfattr", "-d", "-m", "-", "--absolute-names", target + "/directory"))
            .contains("trusted.overlay.overlay.opaque=")
            .doesNotContain("trusted.overlay.opaque");
        assertThat(stat("%F %s", "whiteout")).isEqualTo("regular empty file 0");
        assertThat(Files.readAllBytes(target.resolve("whiteout"))).isEmpty();
      }
    }
  }

  @Test
  void aDirectoryHasAllOfAHundredThousandNames() throws Exception {
    image.addFrame(FakeImage.bytes(1, 10));
    List<DirectoryEntry> entries = new ArrayList<>();
    for (int i = 0; i < 100_000; i++) {
      entries.add(at("file%06d".formatted(i), i + 1));
    }
    inodes.add(new Inode.Directory(ROOT_METADATA, entries));
    for (int i = 0; i < 100_000; i++) {
      inodes.add(new Inode.RegularFile(metadata(0644), 0));
    }
    try (TestStore store = store();
        TreeMount mount = mount(store, TreeMountOptions.OWN)) {
      String first = Commands.run("ls", "-U", mount.target().toString());
      assertThat(first.lines().filter(name -> name.startsWith("file")))
          .hasSize(100_000)
          .doesNotHaveDuplicates()
          .first()
          .isEqualTo("file000000");
      assertThat(Commands.run("ls", "-U", mount.target().toString())).isEqualTo(first);
      assertThat(stat("%s %i", "file099999")).isEqualTo("10 100001");
    }
  }

  @Test
  void pathsMayBeLongerThanASystemCallTakes() throws Exception {
    image.addFrame(FakeImage.bytes(1, 10));
    String name = "d".repeat(200);
    int depth = 40;
    for (int i = 0; i < depth; i++) {
      inodes.add(new Inode.Directory(ROOT_METADATA, List.of(at(name, i + 1))));
    }
    inodes.add(new Inode.RegularFile(metadata(0644), 0));
    try (TestStore store = store();
        TreeMount mount = mount(store, TreeMountOptions.OWN)) {
      assertThat(
              bytes(
                  "sh",
                  "-euc",
                  "cd -P \"$1\"; i=1; while [ $i -lt %d ]; do cd -P ./%s; i=$((i+1)); done; cat %s"
                      .formatted(depth, name, name),
                  "sh",
                  mount.target().toString()))
          .isEqualTo(FakeImage.bytes(1, 10));
    }
  }

  @Test
  void bigFilesAreFetchedWhereTheyAreRead() throws Exception {
    byte[] bytes = FakeImage.bytes(7, 10 << 20);
    image.addCut(bytes, 1 << 20);
    root(Map.of("big", new Inode.RegularFile(metadata(0644), 0)));
    try (TestStore store = store();
        TreeMount mount = mount(store, TreeMountOptions.OWN)) {
      try (RandomAccessFile file =
          new RandomAccessFile(mount.target().resolve("big").toFile(), "r")) {
        SplittableRandom random = new SplittableRandom(1);
        byte[] part = new byte[5];
        file.seek((3 << 20) - 2);
        file.readFully(part);
        assertThat(part).isEqualTo(Arrays.copyOfRange(bytes, (3 << 20) - 2, (3 << 20) + 3));
        // readahead of the kernel besides
        assertThat(source.bytes.get()).isLessThanOrEqualTo(3 << 20);
        for (int i = 0; i < 200; i++) {
          int offset = random.nextInt(bytes.length);
          byte[] read = new byte[Math.min(random.nextInt(1, 300_000), bytes.length - offset)];
          file.seek(offset);
          file.readFully(read);
          assertThat(read).isEqualTo(Arrays.copyOfRange(bytes, offset, offset + read.length));
        }
        file.seek(bytes.length);
        assertThat(file.read()).isEqualTo(-1);
      }
      assertThat(Files.readAllBytes(target.resolve("big"))).isEqualTo(bytes);
    }
  }

  @Test
  void manyReadersAtOnceGetTheirBytesAndEachFrameIsFetchedOnce() throws Exception {
    Map<String, Inode> entries = new HashMap<>();
    for (int i = 0; i < 64; i++) {
      image.addFrame(FakeImage.bytes(i, 70_000));
      entries.put("file" + i, new Inode.RegularFile(metadata(0644), i));
    }
    root(entries);
    source.wantedOnly = true;
    source.gate = new CountDownLatch(1);
    try (TestStore store = store();
        TreeMount mount = mount(store, TreeMountOptions.OWN);
        ExecutorService threads = Executors.newFixedThreadPool(32)) {
      List<Future<byte[]>> reads = new ArrayList<>();
      for (int i = 0; i < 128; i++) {
        Path file = mount.target().resolve("file" + i % 16);
        reads.add(threads.submit(() -> Files.readAllBytes(file)));
      }
      // looking needs no bytes, and does not wait for those who do
      assertThat(stat("%s", "file63")).isEqualTo("70000");
      source.gate.countDown();
      for (int i = 0; i < 128; i++) {
        assertThat(reads.get(i).get()).isEqualTo(FakeImage.bytes(i % 16, 70_000));
      }
      assertThat(source.fetched).hasSize(16);
      assertThat(store.store.stats().opens()).isGreaterThanOrEqualTo(16);
    }
  }

  @Test
  void whatCannotBeFetchedOrIsForgedIsAnErrorOfTheReaderAndWorksLater() throws Exception {
    List<FileContent> contents = new ArrayList<>();
    Map<String, Inode> entries = new HashMap<>();
    for (int i = 0; i < 2; i++) {
      contents.add(image.addFrame(FakeImage.bytes(i, 5000)).getFirst());
      entries.put("file" + i, new Inode.RegularFile(metadata(0644), i));
    }
    root(entries);
    source.corrupt.put(contents.get(1).digest(), new AtomicInteger(Integer.MAX_VALUE));
    try (TestStore store = store();
        TreeMount mount = mount(store, TreeMountOptions.OWN)) {
      source.down = true;
      assertThatThrownBy(() -> Files.readAllBytes(mount.target().resolve("file0")))
          .hasMessageContaining("Input/output error");
      source.down = false;
      assertThatThrownBy(() -> Files.readAllBytes(target.resolve("file1")))
          .hasMessageContaining("Input/output error");
      assertThat(store.cached(contents.get(1).digest())).doesNotExist();
      assertThat(store.store.stats().failedReads()).isEqualTo(2);
      assertThat(store.store.stats().wrongDigests()).isPositive();

      source.corrupt.clear();
      for (int i = 0; i < 2; i++) {
        assertThat(target.resolve("file" + i)).hasBinaryContent(FakeImage.bytes(i, 5000));
      }
    }
  }

  @Test
  void anotherTreeReadsFromTheCasWhatTheFirstHasFetched() throws Exception {
    image.addFrame(FakeImage.bytes(1, 5000));
    root(Map.of("file", new Inode.RegularFile(metadata(0644), 0)));
    Path second = Files.createDirectory(temp.resolve("second"));
    try (TestStore store = store();
        TreeMount mount = mount(store, TreeMountOptions.OWN)) {
      assertThat(mount.target().resolve("file")).hasBinaryContent(FakeImage.bytes(1, 5000));
      try (TreeMount again = store.store.mountTree(index(), second, TreeMountOptions.OWN)) {
        assertThat(again.target().resolve("file")).hasBinaryContent(FakeImage.bytes(1, 5000));
        assertThat(source.fetches).hasValue(1);
        assertThat(store.store.stats().openHits()).isEqualTo(1);
      }
      assertThat(MountTable.on(second)).isEmpty();
      assertThat(target.resolve("file")).exists();
    }
  }

  @Test
  void anUnmountByAnybodyEndsIt() throws Exception {
    root(Map.of());
    try (TestStore store = store();
        TreeMount mount = mount(store, TreeMountOptions.OWN)) {
      assertThat(mount.awaitEnd(Duration.ofMillis(1))).isFalse();
      Commands.run("umount", target.toString());
      assertThat(mount.awaitEnd(Duration.ofSeconds(10))).isTrue();
      mount.close();
      assertThat(MountTable.on(target)).isEmpty();
    }
  }

  @Test
  void whoHasAFileOpenWhenItIsUnmountedReadsOn() throws Exception {
    image.addFrame(FakeImage.bytes(1, 500_000));
    root(Map.of("file", new Inode.RegularFile(metadata(0644), 0)));
    try (TestStore store = store()) {
      TreeMount mount = mount(store, TreeMountOptions.OWN);
      try (RandomAccessFile file = new RandomAccessFile(target.resolve("file").toFile(), "r")) {
        mount.close();
        assertThat(MountTable.on(target)).isEmpty();
        assertThat(mount.awaitEnd(Duration.ofMillis(1))).isFalse();
        byte[] read = new byte[500_000];
        file.readFully(read);
        assertThat(read).isEqualTo(FakeImage.bytes(1, 500_000));
      }
      assertThat(mount.awaitEnd(Duration.ofSeconds(10))).isTrue();
    }
  }

  @Test
  void overlayfsTakesATreeAsALayerAndCopiesUpFromIt() throws Exception {
    image.addFrame(FakeImage.bytes(1, 5000));
    root(
        Map.of(
            "file",
            new Inode.RegularFile(metadata(0644), 0),
            "directory",
            new Inode.Directory(metadata(0755), List.of())));
    Path merged = Files.createDirectory(temp.resolve("merged"));
    Path upper = Files.createDirectory(temp.resolve("upper"));
    try (TestStore store = store();
        TreeMount mount = mount(store, TreeMountOptions.LAYER)) {
      Mounts.mount(
          "overlay",
          merged,
          "overlay",
          0,
          "lowerdir=%s,upperdir=%s,workdir=%s"
              .formatted(mount.target(), upper, Files.createDirectory(temp.resolve("work"))));
      try {
        assertThat(merged.resolve("file")).hasBinaryContent(FakeImage.bytes(1, 5000));
        Commands.run(
            "sh", "-c", "echo more >>\"$1/file\"; rmdir \"$1/directory\"", "sh", merged.toString());
        assertThat(Files.size(merged.resolve("file"))).isEqualTo(5005);
        assertThat(upper.resolve("file")).exists();
        assertThat(merged.resolve("directory")).doesNotExist();
        assertThat(target.resolve("directory")).isDirectory();
      } finally {
        Mounts.unmount(merged);
      }
    }
  }

  @Test
  void aDirectoryThatIsNotThereIsSaid() throws Exception {
    root(Map.of());
    try (TestStore store = store()) {
      assertThatThrownBy(
              () -> store.store.mountTree(index(), temp.resolve("missing"), TreeMountOptions.OWN))
          .isInstanceOf(TreeMountException.class)
          .hasMessageContaining("can't be mounted on " + temp.resolve("missing"));
    }
  }

  private TestStore store() throws IOException {
    return TestStore.open(
            temp.resolve("store"), config -> config.withoutContentMount(), source.with(image))
        .add("app", image);
  }

  @SafeVarargs
  private TreeMount mount(
      TestStore store, TreeMountOptions options, Map.Entry<String, Inode>... entries)
      throws IOException {
    if (entries.length > 0) {
      root(Map.ofEntries(entries));
    }
    return store.store.mountTree(index(), target, options);
  }

  /** Makes these the inodes below the root directory. */
  private void root(Map<String, Inode> entries) {
    inodes.clear();
    List<DirectoryEntry> names = new ArrayList<>();
    List<Inode> below = new ArrayList<>();
    entries.forEach(
        (name, inode) -> {
          below.add(inode);
          names.add(at(name, below.size()));
        });
    inodes.add(sorted(new Inode.Directory(ROOT_METADATA, names)));
    inodes.addAll(below);
  }

  private ImageIndex index() {
    ImageIndex flat = image.index();
    return new ImageIndex(inodes, flat.contents(), flat.frames(), flat.packs(), flat.origins());
  }

  private String stat(String format, String path) throws Exception {
    return Commands.run("stat", "-c", format, target.resolve(path).toString()).strip();
  }

  private static byte[] bytes(String... command) throws Exception {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    return process.getInputStream().readAllBytes();
  }

  private static Inode.Directory sorted(Inode.Directory directory) {
    return new Inode.Directory(
        directory.metadata(),
        directory.entries().stream().sorted(Comparator.comparing(DirectoryEntry::name)).toList());
  }

  private static Map.Entry<String, Inode> entry(String name, Inode inode) {
    return Map.entry(name, inode);
  }

  private static DirectoryEntry at(String name, int inode) {
    return new DirectoryEntry(FileName.of(name), inode);
  }

  private static Metadata metadata(int permissions) {
    return new Metadata(permissions, 0, 0, 0, 0, List.of());
  }
}
