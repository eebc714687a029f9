package io.imageharbour.testbed.image;

import io.imageharbour.testbed.image.TarLayer.Attributes;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/** A layer of very many small files, all of them different, a hundred in a directory. */
final class ManyFilesImage {

  private static final int IN_A_DIRECTORY = 100;
  private static final int LONGEST = 2000;

  private ManyFilesImage() {}

  static void write(int files, OutputStream out) throws IOException {
    Random random = new Random(files);
    try (TarLayer tar = new TarLayer(out)) {
      tar.directory(".", Attributes.of(0755));
      for (int i = 0; i < files; i++) {
        String directory = "d%05d".formatted(i / IN_A_DIRECTORY);
        if (i % IN_A_DIRECTORY == 0) {
          tar.directory(directory, Attributes.of(0755));
        }
        String line = "file " + i + " " + Long.toHexString(random.nextLong()) + "\n";
        String content = line.repeat(1 + random.nextInt(LONGEST / line.length()));
        tar.file(
            directory + "/f%07d".formatted(i),
            Attributes.of(0644),
            content.getBytes(StandardCharsets.ISO_8859_1));
      }
    }
  }
}
