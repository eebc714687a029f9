package io.imageharbour.fusefs;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.fusefs.linux.Mounts;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.FileContent;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What containers see: an overlay whose metadata layer is made by hand here, on an ordinary file
 * system, over the CAS and the content mount as data-only layers.
 */
@Timeout(60)
class OverlayTest {

  @TempDir Path temp;

  private final FakeImage image = new FakeImage("pack");
  private final FakeSource source = new FakeSource("memory");
  private Path tree;
  private Path merged;

  @BeforeEach
  void makeDirectories() throws IOException {
    tree = Files.createDirectories(temp.resolve("tree"));
    merged = Files.createDirectories(temp.resolve("merged"));
    Files.createDirectories(temp.resolve("upper"));
    Files.createDirectories(temp.resolve("work"));
  }

  @Test
  void filesAreFetchedWhenTheContainerReadsThemAndNotWhenItLooksAtThem() throws Exception {
    FileContent small = image.addFrame(FakeImage.bytes(1, 5000)).getFirst();
    FileContent big = image.addBig(2, 3 << 20, 1 << 20);
    try (TestStore store = TestStore.open(temp, source.with(image)).add("app", image)) {
      stub("small", small);
      stub("big", big);
      try (Overlay overlay = mountOverlay(store)) {
        assertThat(Commands.run("ls", "-lR", overlay.target().toString()))
            .contains("5000", "3145728");
        Commands.run("du", "-a", overlay.target().toString());
        Commands.run(
            "find", overlay.target().toString(), "-size", "+1k", "-newer", "/etc/hostname");
        Commands.run("stat", overlay.file("small").toString());
        assertThat(source.fetches).hasValue(0);

        assertThat(overlay.file("small")).hasBinaryContent(FakeImage.bytes(1, 5000));
        assertThat(source.fetches).hasValue(1);
        assertThat(Commands.run("sha256sum", overlay.file("big").toString()))
            .startsWith(big.digest().hex());
        assertThat(source.bytes).hasValue(5000 + (3 << 20));
      }
    }
  }

  @Test
  void aFileInTheCasIsReadWithoutAskingUs() throws Exception {
    List<FileContent> contents = image.addFrame(FakeImage.bytes(1, 5000), FakeImage.bytes(2, 6000));
    try (TestStore store = TestStore.open(temp, source.with(image)).add("app", image)) {
      stub("first", contents.getFirst());
      stub("second", contents.getLast());
      try (Overlay overlay = mountOverlay(store)) {
        Files.readAllBytes(overlay.file("first"));
        Waiting.until(
            "the neighbour is here", () -> Files.exists(store.cached(contents.getLast().digest())));
        assertThat(overlay.file("second")).hasBinaryContent(FakeImage.bytes(2, 6000));
        assertThat(store.store.stats().opens()).isEqualTo(1);
      }
    }
  }

  /** The overlay remembers where it found a file, and asks for it anew while that may change. */
  @Test
  void aFileThatWasFetchedIsFoundAgainWithoutAskingUs() throws Exception {
    FileContent content = image.addFrame(FakeImage.bytes(1, 5000)).getFirst();
    try (TestStore store = TestStore.open(temp, source.with(image)).add("app", image)) {
      stub("file", content);
      try (Overlay overlay = mountOverlay(store)) {
        Files.readAllBytes(overlay.file("file"));
        assertThat(overlay.file("file")).hasBinaryContent(FakeImage.bytes(1, 5000));
        // whoever asks now hears that there is no such file
        store.store.remove("app");
        assertThat(Commands.run("stat", "-c", "%s", overlay.file("file").toString()))
            .isEqualTo("5000\n");
        assertThat(overlay.file("file")).hasBinaryContent(FakeImage.bytes(1, 5000));
      }
    }
  }

  @Test
  void aProgramRunsFromBytesThatComeAsItRuns() throws Exception {
    byte[] program = Files.readAllBytes(Path.of("/bin/busybox"));
    FileContent content = image.addFrame(program).getFirst();
    try (TestStore store = TestStore.open(temp, source.with(image)).add("app", image)) {
      stub("busybox", content);
      try (Overlay overlay = mountOverlay(store)) {
        assertThat(Commands.run(overlay.file("busybox").toString(), "echo", "it runs"))
            .isEqualTo("it runs\n");
        // the second time from the CAS, while it can be replaced by a copy in the upper layer
        assertThat(Commands.run(overlay.file("busybox").toString(), "echo", "again"))
            .isEqualTo("again\n");
        assertThat(source.fetches).hasValue(1);
      }
    }
  }

  @Test
  void aBigProgramIsMappedChunkByChunk() throws Exception {
    byte[] program = Files.readAllBytes(Path.of("/bin/busybox"));
    FileContent content = image.addCut(program, 64 << 10);
    for (boolean passthrough : new boolean[] {true, false}) {
      try (TestStore store =
          TestStore.open(
                  temp.resolve("store" + passthrough),
                  config -> config.withPassthrough(passthrough),
                  source.with(image))
              .add("app", image)) {
        stub("busybox", content);
        try (Overlay overlay = mountOverlay(store)) {
          assertThat(Commands.run(overlay.file("busybox").toString(), "echo", "it runs"))
              .isEqualTo("it runs\n");
          assertThat(Commands.run(overlay.file("busybox").toString(), "sha256sum", "/dev/null"))
              .isNotEmpty();
        }
      }
    }
  }

  @Test
  void writingToAFileCopiesItUp() throws Exception {
    FileContent content = image.addFrame(FakeImage.bytes(1, 5000)).getFirst();
    try (TestStore store = TestStore.open(temp, source.with(image)).add("app", image)) {
      stub("file", content);
      try (Overlay overlay = mountOverlay(store)) {
        try (RandomAccessFile file = new RandomAccessFile(overlay.file("file").toFile(), "rw")) {
          file.seek(5000);
          file.write(7);
        }
        assertThat(Files.size(overlay.file("file"))).isEqualTo(5001);
        assertThat(store.cached(content.digest())).hasBinaryContent(FakeImage.bytes(1, 5000));
      }
    }
  }

  @Test
  void aFileDeletedFromTheCasIsFetchedAgainWhileTheContainerRuns() throws Exception {
    FileContent content = image.addFrame(FakeImage.bytes(1, 5000)).getFirst();
    try (TestStore store = TestStore.open(temp, source.with(image)).add("app", image)) {
      stub("file", content);
      stub("same", content);
      try (Overlay overlay = mountOverlay(store)) {
        assertThat(overlay.file("file")).hasBinaryContent(FakeImage.bytes(1, 5000));
        Files.delete(store.cached(content.digest()));
        assertThat(overlay.file("file")).hasBinaryContent(FakeImage.bytes(1, 5000));
        assertThat(overlay.file("same")).hasBinaryContent(FakeImage.bytes(1, 5000));
      }
    }
  }

  /** A mounted overlay. */
  private record Overlay(Path target) implements AutoCloseable {
    Path file(String name) {
      return target.resolve(name);
    }

    @Override
    public void close() throws IOException {
      Mounts.unmount(target);
    }
  }

  private Overlay mountOverlay(TestStore store) throws IOException {
    String options =
        "lowerdir="
            + tree
            + "::"
            + store.store.casDirectory()
            + "::"
            + store.store.contentDirectory("app").orElseThrow()
            + ",upperdir="
            + temp.resolve("upper")
            + ",workdir="
            + temp.resolve("work")
            + ",metacopy=on";
    Mounts.mount("overlay", merged, "overlay", 0, options);
    return new Overlay(merged);
  }

  /** Makes a file without data that says where its data are, as overlayfs documents it. */
  private void stub(String name, FileContent content) throws Exception {
    Path file = tree.resolve(name);
    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength(content.size());
    }
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    Commands.run("setfattr", "-n", "trusted.overlay.metacopy", file.toString());
    String path = "/" + TestStore.pathOf(content.digest());
    Commands.run("setfattr", "-n", "trusted.overlay.redirect", "-v", path, file.toString());
    assertThat(Digest.fromHex(path.replace("/", ""))).isEqualTo(content.digest());
  }
}
