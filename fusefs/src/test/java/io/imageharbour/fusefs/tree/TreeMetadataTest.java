package io.imageharbour.fusefs.tree;

import static io.imageharbour.fusefs.tree.HandMadeTree.ROOT_METADATA;
import static io.imageharbour.fusefs.tree.HandMadeTree.at;
import static io.imageharbour.fusefs.tree.HandMadeTree.metadata;
import static io.imageharbour.fusefs.tree.HandMadeTree.sorted;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.fusefs.Commands;
import io.imageharbour.fusefs.FakeImage;
import io.imageharbour.fusefs.FakeSource;
import io.imageharbour.fusefs.TestStore;
import io.imageharbour.fusefs.TreeMount;
import io.imageharbour.fusefs.TreeMountOptions;
import io.imageharbour.fusefs.linux.MountTable;
import io.imageharbour.indexer.DirectoryEntry;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.FileName;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.Metadata;
import io.imageharbour.indexer.Xattr;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What mounted trees show to programs that we did not write, file by file. Needs root. */
@Timeout(120)
class TreeMetadataTest {

  @TempDir Path temp;

  private final FakeImage image = new FakeImage("pack");
  private final FakeSource source = new FakeSource("memory");
  private final HandMadeTree tree = new HandMadeTree(image);
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
    tree.inodes.add(
        new Inode.Directory(
            ROOT_METADATA, List.of(at("a", 1), at("b", 1), at("directory", 3), at("other", 2))));
    tree.inodes.add(new Inode.RegularFile(metadata(0644), 0));
    tree.inodes.add(new Inode.RegularFile(metadata(0644), 1));
    tree.inodes.add(new Inode.Directory(ROOT_METADATA, List.of(at("below", below), at("c", 1))));
    tree.inodes.add(new Inode.Directory(ROOT_METADATA, List.of()));
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
    tree.inodes.add(
        new Inode.Directory(
            ROOT_METADATA,
            List.of(
                at("\u00fcmlaut", 1),
                new DirectoryEntry(FileName.of(longest), 2),
                new DirectoryEntry(FileName.of(name), 1))));
    tree.inodes.set(0, sorted((Inode.Directory) tree.inodes.getFirst()));
    tree.inodes.add(new Inode.SymbolicLink(metadata(0777), target));
    tree.inodes.add(new Inode.Directory(ROOT_METADATA, List.of()));
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
    tree.root(entries);
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
    tree.inodes.add(new Inode.Directory(ROOT_METADATA, entries));
    for (int i = 0; i < 100_000; i++) {
      tree.inodes.add(new Inode.RegularFile(metadata(0644), 0));
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
      tree.inodes.add(new Inode.Directory(ROOT_METADATA, List.of(at(name, i + 1))));
    }
    tree.inodes.add(new Inode.RegularFile(metadata(0644), 0));
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
      tree.root(Map.ofEntries(entries));
    }
    return store.store.mountTree("app", tree.index(), target, options);
  }

  private String stat(String format, String path) throws Exception {
    return Commands.run("stat", "-c", format, target.resolve(path).toString()).strip();
  }

  private static byte[] bytes(String... command) throws Exception {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    return process.getInputStream().readAllBytes();
  }

  private static Map.Entry<String, Inode> entry(String name, Inode inode) {
    return Map.entry(name, inode);
  }
}
