package io.imageharbour.it;

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

/** An image that is small enough for emulation: a shell, small files, and a big one of chunks. */
final class GuestImage {

  /** Writes the digest and the path of every file. */
  static final List<String> SUMS =
      List.of("/bin/sh", "-c", "find / -xdev -type f | sort | xargs sha256sum");

  /** Less than all files have together. */
  static final long BYTES = 6 << 20;

  private static final int SMALL_FILES = 150;
  private static final int BIG_FILE = 3 << 20;
  private static final List<String> PROGRAMS = List.of("sh", "find", "sort", "xargs", "sha256sum");

  private GuestImage() {}

  static OciLayout create(Path directory) throws IOException, InterruptedException {
    Path busybox = Path.of(Command.of("sh", "-c", "command -v busybox").run().text());
    Random random = new Random(4);
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
              tar.directory("files", Attributes.of(0755));
              for (int i = 1; i <= SMALL_FILES; i++) {
                tar.file("files/" + i, Attributes.of(0644), bytes(random, i * 150));
              }
              tar.file("files/big", Attributes.of(0644), bytes(random, BIG_FILE));
              tar.close();
            });
    return layout.finish(
        layout.addImage(TestImages.architecture(), List.of(layer), List.of("/bin/sh")));
  }

  private static byte[] bytes(Random random, int size) {
    byte[] bytes = new byte[size];
    random.nextBytes(bytes);
    return bytes;
  }
}
