package io.imageharbour.it;

import io.imageharbour.indexer.Digest;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.image.OciLayout;
import io.imageharbour.testbed.image.TarLayer;
import io.imageharbour.testbed.image.TarLayer.Attributes;
import io.imageharbour.testbed.image.TestImages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** An image that is small: a shell with a few tools, small files, and a big one of chunks. */
final class SmallImage {

  /** Writes the digest and the path of every file. */
  static final List<String> SUMS =
      List.of("/bin/sh", "-c", "find / -xdev -type f | sort | xargs sha256sum");

  /** Less than all files have together. */
  static final long BYTES = 6 << 20;

  private static final int SEED = 4;
  private static final int SMALL_FILES = 150;
  private static final int BIG_FILE = 3 << 20;
  private static final List<String> PROGRAMS =
      List.of("sh", "cat", "find", "ls", "rm", "sha256sum", "sleep", "sort", "xargs");

  private SmallImage() {}

  /** What {@link #SUMS} writes where the files are as they should be. */
  static String expectedSums() throws IOException, InterruptedException {
    Random random = new Random(SEED);
    SortedMap<String, byte[]> files = new TreeMap<>();
    files.put("/bin/busybox", Files.readAllBytes(busybox()));
    for (int i = 1; i <= SMALL_FILES; i++) {
      files.put("/files/" + i, bytes(random, i * 150));
    }
    files.put("/files/big", bytes(random, BIG_FILE));
    return files.entrySet().stream()
        .map(file -> Digest.sha256(file.getValue()).hex() + "  " + file.getKey())
        .collect(Collectors.joining("\n"));
  }

  static OciLayout create(Path directory) throws IOException, InterruptedException {
    return create(directory, List.of("/bin/sh"), "small");
  }

  /**
   * The same with another layer.
   *
   * @param command what it does when nobody says what
   * @param mark the name of a directory in it, by which its layer is no other image's
   */
  static OciLayout create(Path directory, List<String> command, String mark)
      throws IOException, InterruptedException {
    Path busybox = busybox();
    Random random = new Random(SEED);
    OciLayout layout = OciLayout.create(directory);
    OciLayout.Layer layer =
        layout.addLayer(
            out -> {
              TarLayer tar = new TarLayer(out);
              tar.directory("bin", Attributes.of(0755));
              tar.file("bin/busybox", Attributes.of(0755), Files.readAllBytes(busybox));
              for (String program : PROGRAMS) {
                tar.symbolicLink("bin/" + program, Attributes.of(0777), "busybox");
              }
              // runc makes these where they are not there
              for (String mountPoint : List.of("dev", "etc", "proc", "run", "sys")) {
                tar.directory(mountPoint, Attributes.of(0755));
              }
              tar.directory(mark, Attributes.of(0755));
              tar.directory("files", Attributes.of(0755));
              for (int i = 1; i <= SMALL_FILES; i++) {
                tar.file("files/" + i, Attributes.of(0644), bytes(random, i * 150));
              }
              tar.file("files/big", Attributes.of(0644), bytes(random, BIG_FILE));
              tar.close();
            });
    return layout.finish(layout.addImage(TestImages.architecture(), List.of(layer), command));
  }

  private static Path busybox() throws IOException, InterruptedException {
    return Path.of(Command.of("sh", "-c", "command -v busybox").run().text());
  }

  private static byte[] bytes(Random random, int size) {
    byte[] bytes = new byte[size];
    random.nextBytes(bytes);
    return bytes;
  }
}
